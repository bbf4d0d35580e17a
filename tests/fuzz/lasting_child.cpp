// In place of core/child_process.cpp where libFuzzer runs: a million forks of a process as large as
// this would take hours. One child tries input after input, and another takes its place where one
// dies. A target has one path for all inputs, so that `work` of the first is `work` of all. What it
// threw is thrown again by the read that follows, where libFuzzer sees which code was reached.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "core/child_process.hpp"

extern "C" void __sanitizer_set_death_callback(void (*)());

namespace qhn {
namespace {

struct Child {
  pid_t id = 0;  // 0: there is none
  int ask = -1, answer = -1;
} child;

void limit_step(double seconds) {
  // A tenth of the time: nothing read here is large, and many inputs have no end.
  itimerval timer{};
  timer.it_value.tv_usec = static_cast<suseconds_t>(std::min(1e5 * seconds, 9e5));
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

[[noreturn]] void serve(const std::function<void(const std::function<void()>&)>& work,
                        double step_seconds, int asked, int answered) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // libFuzzer would keep the input of a child that died, or that asked for more memory than the
  // limit, as a finding in the working folder.
  __sanitizer_set_death_callback(nullptr);
  if (::chdir("/proc") != 0) std::abort();
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF})
    ::signal(number, SIG_DFL);
  ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
  for (char byte = 0; ::read(asked, &byte, 1) == 1;) {
    try {
      limit_step(step_seconds);
      work([&] { limit_step(step_seconds); });
    } catch (...) {
    }
    limit_step(0);
    if (::write(answered, &byte, 1) != 1) break;
  }
  ::_exit(0);
}

void start(const std::function<void(const std::function<void()>&)>& work, double step_seconds) {
  int ask[2], answer[2];
  if (::pipe(ask) != 0 || ::pipe(answer) != 0 || (child.id = ::fork()) < 0) std::abort();
  if (child.id == 0) {
    ::close(ask[1]);
    ::close(answer[0]);
    serve(work, step_seconds, ask[0], answer[1]);
  }
  ::close(ask[0]);
  ::close(answer[1]);
  child.ask = ask[1];
  child.answer = answer[0];
}

}  // namespace

void try_in_child(const std::function<void(const std::function<void()>& go_on)>& work,
                  const ChildLimits& limits) {
  if (child.id == 0) start(work, limits.step_seconds);
  char byte = 0;
  if (::write(child.ask, &byte, 1) == 1 && ::read(child.answer, &byte, 1) == 1) return;
  ::waitpid(child.id, nullptr, 0);
  ::close(child.ask);
  ::close(child.answer);
  child = {};
  throw ChildDied("somehow");
}

}  // namespace qhn
