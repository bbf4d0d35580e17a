#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace qhn {

/// The line to append to a binary file: CRC-32 and length of the content before it. HDF5 stores
/// where its content ends and ignores the line. HDF5 has no check sums of its own in its default
/// format: a flipped byte changes a value, or makes HDF5 crash.
std::string check_sum_line(std::span<const std::byte> content);
/// The same for the whole file at `path`. Throws RunError if it cannot be read.
std::string check_sum_line(const std::string& path);

enum class CheckSum {
  none,   ///< no such line: a file of another program, or one edited since
  right,  ///< the content is what was written
  wrong   ///< the content differs from what was written
};
/// Verifies the check sum line of the file at `path`. Throws RunError if it cannot be read.
CheckSum check_sum(const std::string& path);

}  // namespace qhn
