#include "core/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace qhn {
namespace {

// ITIMER_PROF counts CPU time of user and system; its signal ends the process.
void limit_step(double seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>(1e6 * (seconds - std::floor(seconds)));
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

// A sanitizer maps more than any limit.
void limit_memory([[maybe_unused]] std::uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__)
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  if (pages == 0 || ::getrlimit(RLIMIT_AS, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(
      limit.rlim_cur, pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes);
  ::setrlimit(RLIMIT_AS, &limit);
#endif
}

// A crash of the child is expected: no handlers of MPI or a sanitizer, no words, no core file.
void crash_silently() {
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF})
    ::signal(number, SIG_DFL);
  sigset_t profile;
  sigemptyset(&profile);
  sigaddset(&profile, SIGPROF);
  ::sigprocmask(SIG_UNBLOCK, &profile, nullptr);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

constexpr char input_error = 'i', run_error = 'r';  // what an answer begins with

// Short enough for a pipe that is read afterwards.
[[noreturn]] void answer(int to, char kind, std::string_view words) {
  const std::string text = kind + std::string(words.substr(0, 4000));
  _exit(::write(to, text.data(), text.size()) < 0 ? 1 : 0);
}

[[noreturn]] void run(const std::function<void(const std::function<void()>& go_on)>& work,
                      const ChildLimits& limits, int to) {
  crash_silently();
  try {
    limit_memory(limits.bytes);
    limit_step(limits.step_seconds);
    work([&] { limit_step(limits.step_seconds); });
  } catch (const InputError& error) {
    answer(to, input_error, error.what());
  } catch (const std::bad_alloc&) {
    answer(to, run_error, "it takes more memory than its size explains");
  } catch (const std::exception& error) {
    answer(to, run_error, error.what());
  }
  _exit(0);
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t n = 1; n != 0;) {
    n = ::read(from, part.data(), part.size());
    if (n < 0 && errno != EINTR) break;
    if (n > 0) text.append(part.data(), static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

void try_in_child(const std::function<void(const std::function<void()>& go_on)>& work,
                  const ChildLimits& limits) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) _exit(0);
    run(work, limits, ends[1]);
  }
  ::close(ends[1]);
  const std::string text = child < 0 ? "" : read_all(ends[0]);
  ::close(ends[0]);
  if (child < 0) return;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
    throw ChildDied(fmt::format("no end after {:.3g} s of computing", limits.step_seconds));
  if (WIFSIGNALED(status)) throw ChildDied(::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) throw ChildDied(fmt::format("exit code {}", WEXITSTATUS(status)));
  if (text.empty()) return;
  if (text[0] == input_error) throw InputError(text.substr(1));
  throw RunError(text.substr(1));
}

}  // namespace qhn
