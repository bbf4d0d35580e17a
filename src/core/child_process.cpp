#include "core/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
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
#include <ctime>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace qhn {
namespace {

// Signals that a child raises by its own fault; SIGPROF: it exceeded its CPU time.
constexpr std::array crashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGPROF};

// ITIMER_PROF counts CPU time of user and system; its signal ends the process.
void limit_step(double seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>(1e6 * (seconds - std::floor(seconds)));
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

// False: no limit was set, since the process has a lower one, or since the address sanitizer maps
// more memory than any limit.
bool limit_memory([[maybe_unused]] std::uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__)
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  if (pages == 0 || ::getrlimit(RLIMIT_AS, &limit) != 0) return false;
  const rlim_t wanted = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  if (limit.rlim_cur <= wanted) return false;
  limit.rlim_cur = wanted;
  return ::setrlimit(RLIMIT_AS, &limit) == 0;
#else
  return false;
#endif
}

// A crash of the child is expected: no handlers of MPI or a sanitizer, no output, no core file.
void crash_silently() {
  sigset_t unblocked;
  sigemptyset(&unblocked);
  for (const int number : crashes) {
    ::signal(number, SIG_DFL);
    sigaddset(&unblocked, number);
  }
  ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr);
  ::prctl(PR_SET_DUMPABLE, 0);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

// First character of an answer; an error's message follows.
constexpr char done = '.', input_error = 'i', run_error = 'r', no_memory = 'm', own_limit = 'o';

// Cuts the message so that it fits the pipe's buffer.
[[noreturn]] void answer(int to, char kind, std::string_view words = "") {
  const std::string text = kind + std::string(words.substr(0, 4000));
  _exit(::write(to, text.data(), text.size()) < 0 ? 1 : 0);
}

[[noreturn]] void run(const std::function<void(const std::function<void()>& go_on)>& work,
                      const ChildLimits& limits, int to) noexcept {
  crash_silently();
  bool limited = false;
  try {
    limited = limit_memory(limits.bytes);
    limit_step(limits.step_seconds);
    work([&] { limit_step(limits.step_seconds); });
  } catch (const InputError& error) {
    answer(to, input_error, error.what());
  } catch (const std::bad_alloc&) {
    answer(to, limited ? no_memory : own_limit);
  } catch (const std::exception& error) {
    answer(to, run_error, error.what());
  } catch (...) {
    answer(to, run_error, "unknown exception");
  }
  answer(to, done);
}

double cpu_seconds(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The answer of the child, empty if it died first. A child that uses no CPU time for a minute, for
// instance because another thread held a lock at the fork, is killed and counts as done.
std::string await_answer(pid_t child, int from) {
  constexpr int patience = 60;  // s
  pollfd ready{from, POLLIN, 0};
  double computed = 0;
  for (int idle = 0, n = 0; (n = ::poll(&ready, 1, 1000)) <= 0;) {
    if (n == 0) ++idle;
    if (const double now = cpu_seconds(child); now > computed) {
      computed = now;
      idle = 0;
    }
    if (idle == patience) {
      ::kill(child, SIGKILL);
      return std::string(1, done);
    }
  }
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t n = 1; n != 0;) {
    n = ::read(from, part.data(), part.size());
    if (n < 0 && errno != EINTR) break;
    if (n > 0) text.append(part.data(), static_cast<std::size_t>(n));
  }
  return text;
}

// Throws ChildDied with the reason; returns if a signal from another process ended the child.
void throw_death(int status, const ChildLimits& limits) {
  if (WIFEXITED(status))
    throw ChildDied(fmt::format("it exited with code {}", WEXITSTATUS(status)));
  const int number = WTERMSIG(status);
  if (number == SIGPROF)
    throw ChildDied(fmt::format("not finished after {:.3g} s of CPU time", limits.step_seconds));
  if (std::find(crashes.begin(), crashes.end(), number) != crashes.end())
    throw ChildDied(::strsignal(number));
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
  const std::string text = child < 0 ? std::string(1, done) : await_answer(child, ends[0]);
  ::close(ends[0]);
  int status = 0;
  bool known = child > 0;  // false if other code waited for the child, or SIGCHLD is ignored
  while (known && ::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) known = false;
  if (text.empty()) {
    if (!known) throw ChildDied("it ended without a result");
    return throw_death(status, limits);
  }
  const std::string words = text.substr(1);
  if (text[0] == input_error) throw InputError(words);
  if (text[0] == run_error) throw RunError(words);
  if (text[0] == own_limit) throw RunError("out of memory");
  if (text[0] == no_memory)
    throw ChildDied(fmt::format("it needed more than {} bytes of memory", limits.bytes));
}

}  // namespace qhn
