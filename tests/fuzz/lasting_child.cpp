// Runs the inputs of a target whose library may crash on a damaged file: in a child process, where
// that is no finding, as the program itself tries such a file in one. A fork for each input would
// take hours; one child takes input after input, and another its place where it dies.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/child_process.hpp"
#include "input_file.hpp"

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
  int report = -1;                // what it says on standard error
  std::uint8_t* taken = nullptr;  // shared: the edges that the child took
} child;

// The beginning of what the child said on standard error.
std::string report_of_child() {
  std::string report(1 << 16, '\0');
  const ssize_t length = ::pread(child.report, report.data(), report.size(), 0);
  report.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return report;
}

// Did HDF5 crash, or take too long or too much memory, and not this project?
bool is_fault_of_hdf5(int status, const std::string& report) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF) return true;
  if (report.find("out-of-memory") != std::string::npos) return true;
  // The stack, "    #0 0x… in name (module+…": frames of the sanitizer and of libc are at its top.
  std::size_t at = report.find("    #0 ");
  for (int frame = 0; frame < 12 && at != std::string::npos; ++frame) {
    const std::string_view line(report.data() + at, report.find('\n', at) - at);
    if (line.find("libhdf5") != std::string_view::npos) return true;
    if (line.find("qhn::") != std::string_view::npos) return false;
    at = report.find("    #", at + line.size());
  }
  return false;
}

// A tenth of a second: nothing read here is large, and many inputs have no end.
void limit_time(bool on) {
  itimerval timer{};
  timer.it_value.tv_usec = on ? 100000 : 0;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

[[noreturn]] void serve(const std::function<void()>& work, int asked, int answered) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // libFuzzer would keep the input of a child that died, or that asked for more memory than the
  // limit, as a finding in the working folder.
  __sanitizer_set_death_callback(nullptr);
  if (::chdir("/proc") != 0) std::abort();
  ::dup2(child.report, STDERR_FILENO);
  for (char byte = 0; ::read(asked, &byte, 1) == 1;) {
    std::fill_n(__start___sancov_cntrs, edges, std::uint8_t{0});
    limit_time(true);
    may_refuse(work);
    limit_time(false);
    std::copy_n(__start___sancov_cntrs, edges, child.taken);
    if (::write(answered, "!", 1) != 1) break;
  }
  std::perror("the child lost its parent");
  ::_exit(1);
}

void start(const std::function<void()>& work) {
  int ask[2], answer[2];
  if (child.taken == nullptr)
    child.taken = static_cast<std::uint8_t*>(
        ::mmap(nullptr, edges, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (child.report < 0) child.report = ::memfd_create("report", MFD_CLOEXEC);
  if (child.taken == MAP_FAILED || child.report < 0 || ::ftruncate(child.report, 0) != 0 ||
      ::lseek(child.report, 0, SEEK_SET) != 0 || ::pipe(ask) != 0 || ::pipe(answer) != 0 ||
      (child.id = ::fork()) < 0)
    std::abort();
  if (child.id == 0) {
    ::close(ask[1]);
    ::close(answer[0]);
    serve(work, ask[0], answer[1]);
  }
  ::close(ask[0]);
  ::close(answer[1]);
  child.ask = ask[1];
  child.answer = answer[0];
}

}  // namespace

void run_input(const std::function<void()>& work) {
  if (child.id == 0) start(work);
  // libFuzzer's alarm interrupts any call.
  const auto again = [](auto call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
  };
  char byte = 0;
  auto length = again([] { return ::write(child.ask, "?", 1); });
  if (length == 1) length = again([&] { return ::read(child.answer, &byte, 1); });
  if (length == 1) {
    for (std::size_t edge = 0; edge < edges; ++edge)  // as if they had been taken here
      __start___sancov_cntrs[edge] = std::max(__start___sancov_cntrs[edge], child.taken[edge]);
    return;
  }
  int status = 0;
  again([&] { return ::waitpid(child.id, &status, 0); });
  if (const std::string report = report_of_child(); !is_fault_of_hdf5(status, report)) {
    std::fprintf(stderr, "%s\nthe child ended with status %d\n", report.c_str(), status);
    std::abort();
  }
  ::close(child.ask);
  ::close(child.answer);
  child.id = 0;
}

// All inputs are in a child already.
void try_in_child(const std::function<void(const std::function<void()>& go_on)>&,
                  const ChildLimits&) {}

}  // namespace qhn
