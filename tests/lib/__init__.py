"""What tests share: real servers, our own programs as processes, waiting with a deadline."""
