// In place of core/child_process.cpp where libFuzzer runs: a million forks of a process as large as
// this would take hours. One child tries input after input, and another takes its place where one
// dies. A target has one path for all inputs, so that `work` of the first is `work` of all.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/child_process.hpp"
#include "core/error.hpp"

extern "C" {
void __sanitizer_set_death_callback(void (*)());
// How often each edge of the code was taken.
extern std::uint8_t __start___sancov_cntrs[], __stop___sancov_cntrs[];
}

namespace qhn {
namespace {

const auto edges = static_cast<std::size_t>(__stop___sancov_cntrs - __start___sancov_cntrs);

struct Child {
  pid_t id = 0;  // 0: there is none
  int ask = -1, answer = -1;
  std::uint8_t* taken = nullptr;  // shared: the edges that the child took
} child;

void limit_step(double seconds) {
  // A tenth of the time: nothing read here is large, and many inputs have no end.
  itimerval timer{};
  timer.it_value.tv_usec = static_cast<suseconds_t>(std::min(1e5 * seconds, 9e5));
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

// 'i' or 'r' and the words of an InputError or another exception; '.': there was none.
std::string answer_of(const std::function<void(const std::function<void()>&)>& work,
                      double step_seconds) {
  try {
    limit_step(step_seconds);
    work([&] { limit_step(step_seconds); });
  } catch (const InputError& error) {
    return std::string("i") + error.what();
  } catch (const std::exception& error) {
    return std::string("r") + error.what();
  }
  return ".";
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
    std::fill_n(__start___sancov_cntrs, edges, std::uint8_t{0});
    std::string answer = answer_of(work, step_seconds);
    limit_step(0);
    std::copy_n(__start___sancov_cntrs, edges, child.taken);
    answer.resize(std::min<std::size_t>(answer.size(), 4000));
    if (::write(answered, answer.data(), answer.size()) < 0) break;
  }
  ::_exit(0);
}

void start(const std::function<void(const std::function<void()>&)>& work, double step_seconds) {
  int ask[2], answer[2];
  if (child.taken == nullptr)
    child.taken = static_cast<std::uint8_t*>(
        ::mmap(nullptr, edges, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (child.taken == MAP_FAILED || ::pipe(ask) != 0 || ::pipe(answer) != 0 ||
      (child.id = ::fork()) < 0)
    std::abort();
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
  std::string answer(4000, '\0');
  ssize_t length = ::write(child.ask, "?", 1);
  if (length == 1) length = ::read(child.answer, answer.data(), answer.size());
  if (length <= 0) {
    ::waitpid(child.id, nullptr, 0);
    ::close(child.ask);
    ::close(child.answer);
    child.id = 0;
    throw ChildDied("somehow");
  }
  for (std::size_t edge = 0; edge < edges; ++edge)  // as if they had been taken here
    __start___sancov_cntrs[edge] = std::max(__start___sancov_cntrs[edge], child.taken[edge]);
  answer.resize(static_cast<std::size_t>(length));
  if (answer[0] == 'i') throw InputError(answer.substr(1));
  if (answer[0] == 'r') throw RunError(answer.substr(1));
}

}  // namespace qhn
