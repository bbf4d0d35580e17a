#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"

namespace qhn {

/// For the beginning of main. Descriptors 0 to 2 that are closed are taken by something that can be
/// neither read nor written, so that no file of a campaign gets the number of an output that other
/// code prints to. A pipe whose reader has gone is an error of writing, not the end of the process.
void guard_standard_streams();

/// What `error` says; where it is fmt::print's about standard output, in the words of this program.
std::string message_of_failure(const std::exception& error);

/// One line on standard error, "qhn: MESSAGE", whatever becomes of it.
void print_error(const std::string& message);

/// Text to standard output at the end of work that is on disk already. Never throws: what becomes
/// of standard output is told at the end of main.
void print_result(const std::string& text);

/// For the end of main: writes what is buffered. `code` where all of it arrived; else 1 after a
/// line on standard error, or 141 without one where the reader of a pipe has gone: what `| head`
/// does to other programs too. A terminal that was hung up changes no code.
int finish_standard_output(int code);

/// Text to standard output (no path, or "-") or to a file that appears when it is whole. Throws
/// RunError.
class Output {
 public:
  explicit Output(const std::string& path);
  void write(const std::string& text);
  void finish();

 private:
  std::optional<NewFile> file_;
};

/// Throws InputError where `path` is one of the files that the verb reads, by whatever name.
void refuse_own_input(const std::string& path, const std::vector<std::string>& inputs);

/// Writes one text so.
void write_output(const std::string& path, const std::string& text);

}  // namespace qhn
