#pragma once
/*
 * heap - how the C library's allocator gives memory back.
 *
 * glibc raises the size from which a block is a mapping of its own to the largest one that was ever freed:
 * after the first long reply, the next ones grow inside the heap, where a small block above them keeps all of
 * it resident. heap_settle holds it at HEAP_MAPPED_BYTES: the body of a reply goes back to the system when it
 * is freed, and one that grows is moved by the kernel, not copied. And glibc gives back what is free at the
 * heap's end alone: what a wave of small calls leaves lies below the jobs that it was for. heap_trim gives
 * back all whole pages that are free, wherever they lie.
 *
 * Costs: a system call for each large block, of which there are a few a reply; a walk over the free blocks
 * for each trim. Source: mallopt(3), M_MMAP_THRESHOLD; malloc_trim(3).
 */

enum { HEAP_MAPPED_BYTES = 128 * 1024 /* glibc's own beginning */ };

void heap_settle(void); /* once, before threads are started */
void heap_trim(void);
