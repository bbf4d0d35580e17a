#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "record/atomic_file.hpp"

namespace qhn {

/// Call at the start of main. Closed descriptors 0 to 2 are opened on something that can be neither
/// read nor written, so that no file of a campaign gets the number of a standard stream. A pipe
/// whose reader is gone becomes a write error instead of ending the process.
void guard_standard_streams();

/// The message of `error`; fmt::print's message about standard output is reworded.
std::string message_of_failure(const std::exception& error);

/// Prints one line on standard error, "qhn: MESSAGE", and ignores errors.
void print_error(const std::string& message);

/// Prints text to standard output after work that is already on disk. Never throws:
/// finish_standard_output() reports errors.
void print_result(const std::string& text);

/// Call at the end of main: flushes standard output. Returns `code` if all of it was written; else
/// 1 (2 if `code` is 2) after a line on standard error, or 141 without a line if the reader of a
/// pipe is gone, as for other programs before `| head`. A terminal that was hung up does not change
/// the code.
int finish_standard_output(int code);

/// Writes text to standard output (no path, or "-") or to a file that appears when it is complete.
/// Throws RunError.
class Output {
 public:
  explicit Output(const std::string& path);
  void write(const std::string& text);
  void finish();

 private:
  std::optional<NewFile> file_;
};

/// Throws InputError if `path` is one of the files that the verb reads, under any name.
void refuse_own_input(const std::string& path, const std::vector<std::string>& inputs);

/// Writes one text through Output.
void write_output(const std::string& path, const std::string& text);

}  // namespace qhn
