#include "problem/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <regex>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::string_view allowed =
    "one-dimensional float64, float32 or integers, as numpy.save writes them";
constexpr std::uint64_t longest_header = 4096;

template <class T>
double as(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

double entry(const char* bytes, char kind, unsigned size) {
  if (kind == 'f') return size == 8 ? as<double>(bytes) : as<float>(bytes);
  const bool is_signed = kind == 'i';
  switch (size) {
    case 1:
      return is_signed ? as<std::int8_t>(bytes) : as<std::uint8_t>(bytes);
    case 2:
      return is_signed ? as<std::int16_t>(bytes) : as<std::uint16_t>(bytes);
    case 4:
      return is_signed ? as<std::int32_t>(bytes) : as<std::uint32_t>(bytes);
    default:
      return is_signed ? as<std::int64_t>(bytes) : as<std::uint64_t>(bytes);
  }
}

}  // namespace

bool NpyFile::is_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char begin[6] = {};
  file.read(begin, sizeof begin);
  return std::string_view(begin, sizeof begin) == magic;
}

NpyFile::NpyFile(const std::string& path) : path_(path), file_(path, std::ios::binary) {
  const std::uint64_t bytes = std::filesystem::file_size(path);
  unsigned char begin[12] = {};
  file_.read(reinterpret_cast<char*>(begin), 10);
  const unsigned version = begin[6];
  if (file_ && (version < 1 || version > 3))
    fail(fmt::format("version {} of NumPy's format; allowed: 1 to 3", version));
  if (version > 1) file_.read(reinterpret_cast<char*>(begin) + 10, 2);
  std::uint64_t length = begin[8] | std::uint64_t{begin[9]} << 8;
  if (version > 1) length |= std::uint64_t{begin[10]} << 16 | std::uint64_t{begin[11]} << 24;
  begin_ = (version > 1 ? 12 : 10) + length;
  if (!file_ || begin_ > bytes) fail("truncated: it ends within its header");
  if (length > longest_header)
    fail(fmt::format("a header of {} bytes; allowed: {}", length, longest_header));
  std::string header(length, '\0');
  file_.read(header.data(), static_cast<std::streamsize>(length));
  parse(header);
  const std::uint64_t there = bytes - begin_;
  if (there % bytes_ != 0 || there / bytes_ != size_)
    fail(fmt::format("{} bytes of data where its header declares {} numbers of {} bytes", there,
                     size_, bytes_));
}

/// The header is a Python dictionary: {'descr': '<f8', 'fortran_order': False, 'shape': (16,), }.
void NpyFile::parse(const std::string& header) {
  const auto value_of = [&](const std::string& key, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(header, match, std::regex("['\"]" + key + "['\"]\\s*:\\s*" + pattern)))
      return std::string();
    return match[1].str();
  };
  const std::string type = value_of("descr", "['\"]([^'\"]{1,16})['\"]");
  const std::string shape = value_of("shape", "\\(([0-9, ]{0,64})\\)");
  const std::string order = value_of("fortran_order", "(True|False)");
  std::smatch match;
  if (!std::regex_match(type, match, std::regex("([<>|=])(f4|f8|[iu][1248])")))
    fail(fmt::format("an array of type '{}'; allowed: {}", type, allowed));
  kind_ = match[2].str()[0];
  bytes_ = static_cast<unsigned>(match[2].str()[1] - '0');
  swapped_ = bytes_ > 1 && match[1] == (std::endian::native == std::endian::little ? ">" : "<");
  if (order != "False") fail(fmt::format("an array in Fortran order; allowed: {}", allowed));
  if (!std::regex_match(shape, match, std::regex(" *([0-9]{1,18}) *,? *")))
    fail(fmt::format("an array of shape ({}); allowed: {}", shape, allowed));
  size_ = std::stoull(match[1].str());
}

void NpyFile::read(std::uint64_t first, std::span<double> out) {
  constexpr std::uint64_t at_once = 1 << 16;
  std::vector<char> part(at_once * bytes_);
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(begin_ + first * bytes_));
  for (std::uint64_t done = 0; done < out.size(); done += at_once) {
    const std::uint64_t count = std::min<std::uint64_t>(at_once, out.size() - done);
    if (!file_.read(part.data(), static_cast<std::streamsize>(count * bytes_)))
      fail("has changed while it was read");
    for (std::uint64_t i = 0; i < count; ++i) {
      char* const bytes = part.data() + i * bytes_;
      if (swapped_) std::reverse(bytes, bytes + bytes_);
      const double value = entry(bytes, kind_, bytes_);
      if (!std::isfinite(value)) fail(fmt::format("[{}] is not a finite number", first + done + i));
      if (kind_ != 'f' && std::abs(value) >= 0x1p53)
        fail(fmt::format("[{}] is 2^53 or more, which a double does not hold exactly",
                         first + done + i));
      out[done + i] = value;
    }
  }
}

void NpyFile::fail(const std::string& what) const {
  throw InputError(fmt::format("{}: {}", path_, what));
}

}  // namespace qhn
