#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace qhn {

/// A line to be written behind the content of a binary file: CRC-32 and length of all that stands
/// before it. HDF5 knows where its content ends and does not look at the line. HDF5 itself checks
/// nothing in a file of its default format: a flipped byte changes a value, or makes HDF5 crash.
std::string check_sum_line(std::span<const std::byte> content);
/// The same for the whole file at `path`. Throws RunError where it cannot be read.
std::string check_sum_line(const std::string& path);

enum class CheckSum {
  none,   ///< no such line: an older file, one of another program, or one that was edited since
  right,  ///< the content is what was written
  wrong   ///< the content differs from what was written
};
/// Of the file at `path`. Throws RunError where it cannot be read.
CheckSum check_sum(const std::string& path);

}  // namespace qhn
