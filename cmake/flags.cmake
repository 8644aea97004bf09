# How all of our own code is compiled: target ec2sched_flags, which every target of ours takes PRIVATE.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)

add_library(ec2sched_flags INTERFACE)
target_compile_definitions(ec2sched_flags INTERFACE _GNU_SOURCE EC2SCHED_VERSION="${PROJECT_VERSION}")
target_compile_options(ec2sched_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
    -Wswitch
    -Wno-missing-field-initializers # {0} and partial tables are our idiom
    -Wno-format-zero-length # an empty line is a line
    $<$<C_COMPILER_ID:Clang>:-Wno-sign-conversion> # clang takes an enum kept in an int for one; gcc watches the rest
    $<$<BOOL:${WERROR}>:-Werror>
    -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/= # __FILE__ says the same on every machine
    "SHELL:-include ${CMAKE_SOURCE_DIR}/tests/lint/banned.h")

if(SANITIZE)
    target_compile_options(ec2sched_flags INTERFACE
        -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(ec2sched_flags INTERFACE -fsanitize=${SANITIZE})
else()
    target_compile_options(ec2sched_flags INTERFACE
        $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong>)
    target_link_options(ec2sched_flags INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:-Wl,-z,relro,-z,now>)
endif()
