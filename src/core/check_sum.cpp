#include "core/check_sum.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr const char* begin = "\nqhn check sum: crc32 ";

std::string line_of(unsigned long crc, std::uint64_t length) {
  return fmt::format("{}{:08x} of {:016x} bytes\n", begin, crc, length);
}
const std::size_t line_length = line_of(0, 0).size();

// An open file and its length.
struct File {
  std::ifstream stream;
  std::uint64_t size = 0;
  const std::string& path;

  explicit File(const std::string& path_) : stream(path_, std::ios::binary), path(path_) {
    stream.seekg(0, std::ios::end);
    if (!stream) fail();
    size = static_cast<std::uint64_t>(stream.tellg());
  }
  // Reads `count` bytes at offset `first`.
  void read(std::uint64_t first, char* bytes, std::size_t count) {
    stream.seekg(static_cast<std::streamoff>(first));
    if (!stream.read(bytes, static_cast<std::streamsize>(count))) fail();
  }
  [[noreturn]] void fail() const {
    throw RunError(fmt::format("{}: cannot be read: {}", path,
                               stream.eof() ? "it was truncated meanwhile" : std::strerror(errno)));
  }
};

std::string line_of(File& file, std::uint64_t length) {
  unsigned long crc = 0;
  std::vector<char> part(std::min<std::uint64_t>(length, 1 << 16));
  for (std::uint64_t first = 0; first < length; first += part.size()) {
    const std::size_t count = std::min<std::uint64_t>(part.size(), length - first);
    file.read(first, part.data(), count);
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), count);
  }
  return line_of(crc, length);
}

}  // namespace

std::string check_sum_line(std::span<const std::byte> content) {
  const auto* bytes = reinterpret_cast<const Bytef*>(content.data());
  return line_of(::crc32_z(0, bytes, content.size()), content.size());
}

std::string check_sum_line(const std::string& path) {
  File file(path);
  return line_of(file, file.size);
}

CheckSum check_sum(const std::string& path) {
  File file(path);
  if (file.size < line_length) return CheckSum::none;
  const std::uint64_t length = file.size - line_length;
  std::string line(line_length, '\0');
  file.read(length, line.data(), line.size());
  if (!line.starts_with(begin)) return CheckSum::none;
  return line == line_of(file, length) ? CheckSum::right : CheckSum::wrong;
}

}  // namespace qhn
