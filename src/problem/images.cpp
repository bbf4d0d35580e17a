#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

struct Idx {
  std::string path;
  std::vector<std::size_t> sizes;
  std::vector<std::uint8_t> bytes;
};

/// zlib reads plain files as they are, so one code path serves both.
std::vector<std::uint8_t> read_gz(const std::string& path) {
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw InputError(path + ": cannot be read");
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 1 << 16> buffer;
  for (;;) {
    const int got = gzread(file.get(), buffer.data(), buffer.size());
    int code = Z_OK;
    const char* message = gzerror(file.get(), &code);
    if (got < 0 || code < 0)
      throw InputError(fmt::format("{}: truncated or damaged ({})", path,
                                   code == Z_BUF_ERROR ? "unexpected end of file" : message));
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + got);
  }
}

std::uint32_t big_endian(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

/// Where the IDX file of that name is: as it stands, or with .gz.
std::string idx_path(const std::string& folder, const std::string& name) {
  const std::string path = (std::filesystem::path(folder) / name).string();
  if (std::filesystem::exists(path)) return path;
  if (std::filesystem::exists(path + ".gz")) return path + ".gz";
  throw InputError(path +
                   ": no such file, nor with .gz (jobs/fetch-data.sh brings MNIST and "
                   "Fashion-MNIST)");
}

/// An IDX file of bytes: magic 0x0000 08 d, d sizes of 4 bytes, then the bytes themselves.
Idx read_idx(const std::string& folder, const std::string& name, unsigned dimensions) {
  Idx idx;
  idx.path = idx_path(folder, name);
  idx.bytes = read_gz(idx.path);
  const std::size_t header = 4 + 4 * dimensions;
  const std::uint32_t expected = 0x800 + dimensions;
  if (idx.bytes.size() >= 4 && big_endian(idx.bytes.data()) != expected)
    throw InputError(fmt::format("{}: magic number {:#010x}; an IDX file of {} has {:#010x}",
                                 idx.path, big_endian(idx.bytes.data()),
                                 dimensions == 1 ? "labels" : "images", expected));
  if (idx.bytes.size() < header)
    throw InputError(fmt::format("{}: truncated: {} bytes, less than an IDX header", idx.path,
                                 idx.bytes.size()));
  std::size_t total = 1;
  for (unsigned i = 0; i < dimensions; ++i) {
    idx.sizes.push_back(big_endian(idx.bytes.data() + 4 + 4 * i));
    if (idx.sizes.back() == 0) throw InputError(idx.path + ": empty: its header promises no data");
    if (idx.sizes.back() > (std::size_t{1} << 40) / total)
      throw InputError(idx.path + ": its header promises more than a terabyte");
    total *= idx.sizes.back();
  }
  if (idx.bytes.size() - header != total)
    throw InputError(fmt::format("{}: {}: {} bytes of data where its header promises {}", idx.path,
                                 idx.bytes.size() - header < total ? "truncated" : "too long",
                                 idx.bytes.size() - header, total));
  idx.bytes.erase(idx.bytes.begin(), idx.bytes.begin() + static_cast<std::ptrdiff_t>(header));
  return idx;
}

DataSet load_pair(const ProblemOptions& options, const std::string& prefix) {
  const Idx images = read_idx(options.data, prefix + "-images-idx3-ubyte", 3);
  const Idx labels = read_idx(options.data, prefix + "-labels-idx1-ubyte", 1);
  if (images.sizes[0] != labels.sizes[0])
    throw InputError(fmt::format("{}: {} images, but {} has {} labels", images.path,
                                 images.sizes[0], labels.path, labels.sizes[0]));
  for (const int digit : options.digits)
    if (std::find(labels.bytes.begin(), labels.bytes.end(), digit) == labels.bytes.end())
      throw InputError(
          fmt::format("{}: no image has label {}; labels present: {}", labels.path, digit,
                      fmt::join(std::set<int>(labels.bytes.begin(), labels.bytes.end()), ", ")));

  const int rows = static_cast<int>(images.sizes[1]);
  const int columns = static_cast<int>(images.sizes[2]);
  const std::size_t pixels = images.sizes[1] * images.sizes[2];
  std::vector<double> features;
  std::vector<std::uint8_t> chosen;
  std::vector<float> image(pixels);
  for (std::size_t i = 0; i < labels.bytes.size(); ++i) {
    const bool label = labels.bytes[i] == options.digits[1];
    if (!label && labels.bytes[i] != options.digits[0]) continue;
    std::transform(images.bytes.begin() + static_cast<std::ptrdiff_t>(i * pixels),
                   images.bytes.begin() + static_cast<std::ptrdiff_t>((i + 1) * pixels),
                   image.begin(), [](std::uint8_t p) { return static_cast<float>(p) / 255.0f; });
    const std::vector<float> small = resize_bilinear(image, rows, columns, options.side);
    features.insert(features.end(), small.begin(), small.end());
    chosen.push_back(label);
  }
  if (options.binarize) binarize(features, *options.binarize);
  return {options.side * options.side, std::move(features), std::move(chosen)};
}

/// Where an output pixel falls between two input pixels.
struct Tap {
  int low, high;
  float weight;  // of `high`
};

std::vector<Tap> taps(int from, int to) {
  std::vector<Tap> result(static_cast<std::size_t>(to));
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  for (int i = 0; i < to; ++i) {
    const float position = std::max(scale * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    const int low = std::min(static_cast<int>(position), from - 1);
    result[static_cast<std::size_t>(i)] = {low, std::min(low + 1, from - 1),
                                           position - static_cast<float>(low)};
  }
  return result;
}

}  // namespace

std::vector<float> resize_bilinear(std::span<const float> image, int rows, int columns, int side) {
  const auto at = [&](int r, int c) {
    return image[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) +
                 static_cast<std::size_t>(c)];
  };
  std::vector<float> out;
  for (const Tap& r : taps(rows, side))
    for (const Tap& c : taps(columns, side)) {
      const float low = (1.0f - c.weight) * at(r.low, c.low) + c.weight * at(r.low, c.high);
      const float high = (1.0f - c.weight) * at(r.high, c.low) + c.weight * at(r.high, c.high);
      out.push_back((1.0f - r.weight) * low + r.weight * high);
    }
  return out;
}

std::vector<std::string> input_files(const ProblemOptions& options) {
  std::vector<std::string> files;
  if (options.kind == ProblemKind::csv) {
    files.push_back(options.data);
    if (!options.test_data.empty()) files.push_back(options.test_data);
  }
  if (options.kind == ProblemKind::images)
    for (const char* prefix : {"train", "t10k"})
      for (const char* rest : {"-images-idx3-ubyte", "-labels-idx1-ubyte"})
        files.push_back(idx_path(options.data, std::string(prefix) + rest));
  return files;
}

DataSplit load_images(const ProblemOptions& options) {
  if (options.digits[0] == options.digits[1])
    throw InputError(fmt::format("problem.digits: both are {}; two different labels are needed",
                                 options.digits[0]));
  if (options.side < 1)
    throw InputError(fmt::format("problem.side is {}; allowed: at least 1", options.side));
  return {load_pair(options, "train"), load_pair(options, "t10k")};
}

}  // namespace qhn
