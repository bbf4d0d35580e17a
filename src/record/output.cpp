#include "record/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>

#include "core/error.hpp"
#include "core/printable.hpp"

namespace qhn {
namespace {

constexpr const char* complaint = "standard output: cannot write: ";
constexpr int reader_gone = 128 + SIGPIPE;

bool terminal = false;     // standard output is a terminal
int reason_of_result = 0;  // errno of the first failed print_result()
bool told = false;         // an error of standard output was printed
bool gone = false;         // its reader is gone: no message

}  // namespace

void guard_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      // open() returns the lowest free number, this one. "/" exists even without /dev.
      [[maybe_unused]] const int same = ::open("/", O_RDONLY | O_DIRECTORY);
    }
  terminal = ::isatty(STDOUT_FILENO) != 0;
  // A handler, unlike SIG_IGN, is not inherited by programs that this one starts.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
}

std::string message_of_failure(const std::exception& error) {
  const std::string message = error.what();
  const std::string from_fmt = "cannot write to file: ";
  if (!std::ferror(stdout) || !message.starts_with(from_fmt)) return message;
  return complaint + message.substr(from_fmt.size());
}

void print_error(const std::string& message) {
  if (message.starts_with(complaint)) {
    told = true;
    gone = message == std::string(complaint) + std::strerror(EPIPE);
    if (gone) return;
  }
  const std::string line = "qhn: " + printable(message) + '\n';
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

void print_result(const std::string& text) {
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!whole && reason_of_result == 0) reason_of_result = errno;
}

int finish_standard_output(int code) {
  const bool failed_before = std::ferror(stdout) != 0;
  int reason = std::fflush(stdout) != 0 ? errno : 0;
  if (reason_of_result != 0) reason = reason_of_result;
  if (reason == 0 && !failed_before) {
    // Network file systems report some errors at a close only.
    const int copy = ::dup(STDOUT_FILENO);
    if (copy < 0 || ::close(copy) == 0) return code;
    reason = errno;
  }
  if (gone || (reason == EPIPE && code == 0)) return reader_gone;
  if (reason == EPIPE || (terminal && reason == EIO)) return code;
  if (!told) print_error(complaint + std::string(reason ? std::strerror(reason) : "failed"));
  return code == 2 ? 2 : 1;
}

Output::Output(const std::string& path) {
  if (!path.empty() && path != "-") file_.emplace(path);
}

void Output::write(const std::string& text) {
  if (file_)
    file_->write(std::as_bytes(std::span(text)));
  else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw RunError(complaint + std::string(std::strerror(errno)));
}

void Output::finish() {
  if (file_)
    file_->commit();
  else if (std::fflush(stdout) != 0)
    throw RunError(complaint + std::string(std::strerror(errno)));
}

void refuse_own_input(const std::string& path, const std::vector<std::string>& inputs) {
  if (path.empty() || path == "-") return;
  for (const std::string& input : inputs) {
    std::error_code different;
    if (std::filesystem::equivalent(path, input, different) && !different &&
        std::filesystem::is_regular_file(path))
      throw InputError(
          fmt::format("--out {}: is an input file ({}); allowed: another file", path, input));
  }
}

void write_output(const std::string& path, const std::string& text) {
  Output out(path);
  out.write(text);
  out.finish();
}

}  // namespace qhn
