/* For LD_PRELOAD: makes writes to journals slow enough to be killed in their middle. While the file
 * named by QHN_FAULT_ARM exists, write(2) to a *.qhnj file writes the first half, creates the file
 * QHN_FAULT_MARK, waits, and writes the rest. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef ssize_t (*write_function)(int, const void*, size_t);

static int is_journal(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 5) return 0;
  path[n] = '\0';
  return strcmp(path + n - 5, ".qhnj") == 0;
}

ssize_t write(int fd, const void* data, size_t size) {
  static write_function real = NULL;
  if (real == NULL) real = (write_function)dlsym(RTLD_NEXT, "write");
  const char *arm = getenv("QHN_FAULT_ARM"), *mark = getenv("QHN_FAULT_MARK");
  if (arm == NULL || mark == NULL || size < 2 || access(arm, F_OK) != 0 || !is_journal(fd))
    return real(fd, data, size);
  const ssize_t first = real(fd, data, size / 2);
  if (first < 0) return first;
  close(open(mark, O_WRONLY | O_CREAT, 0666));
  for (int i = 0; i < 300 && access(arm, F_OK) == 0; ++i) usleep(10000);
  return first; /* a short write: the caller goes on with the rest */
}
