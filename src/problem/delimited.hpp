#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "problem/gz_file.hpp"

namespace qhn {

/// Reads the records of delimited text (RFC 4180) one after another. The separator is ',', ';' or
/// tab, detected in the first 64 KiB; fields may be quoted with '"'. Lines end with LF, CR LF or
/// CR. Blank lines and lines that begin with '#' are skipped, blanks around fields dropped. The
/// file is UTF-8 (with or without a byte order mark), plain or gzip, and is not held in memory.
class DelimitedFile {
 public:
  /// `what`: the kind of file, for messages. Throws InputError if it is not such text or its
  /// separator is ambiguous.
  DelimitedFile(const std::string& path, const std::string& what);

  /// Reads the next record; false at the end. Throws InputError.
  bool next();

  std::size_t line() const { return line_; }  ///< where the record begins, counted from 1
  std::size_t size() const { return ends_.size(); }
  std::string_view field(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(record_).substr(begin, ends_[i] - begin);
  }
  /// Estimated number of lines, from the size of the file and its first 64 KiB; 0 if it is
  /// compressed.
  std::size_t expected_lines() const { return expected_lines_; }
  /// The fields of the comment line directly above the record, without quotes; empty: none.
  std::vector<std::string> comment_fields() const;

 private:
  static constexpr int end_of_file = -1;

  void check_encoding() const;
  bool fill();
  int peek();
  int get();  // the next character; any line end as '\n'
  void skip_blanks();
  void read_comment();
  bool read_field();  // false: it was the last of its record
  void append(int c);
  [[noreturn]] void fail(std::size_t line, std::string_view message) const;

  std::string path_;
  GzFile file_;
  std::string buffer_;
  std::size_t at_ = 0;         // in buffer_
  bool ended_ = false;         // the file ends with buffer_
  std::size_t next_line_ = 1;  // of the next character
  char separator_ = ',';
  std::size_t line_ = 0, expected_lines_ = 0;
  std::string record_, comment_;
  std::vector<std::size_t> ends_;
};

}  // namespace qhn
