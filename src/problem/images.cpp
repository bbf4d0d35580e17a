#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "core/paths.hpp"
#include "problem/gz_file.hpp"
#include "problem/rows.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_pixels = std::size_t{1} << 24;  // per image

/// The content of an IDX file, published as SET-CONTENT-idxD-ubyte.
struct Role {
  bool train, images;

  const char* content() const { return images ? "images" : "labels"; }
  unsigned dimensions() const { return images ? 3 : 1; }
  /// `test_set`: "t10k" as published, or "test" as in EMNIST.
  std::string name(const char* test_set) const {
    return fmt::format("{}-{}-idx{}-ubyte", train ? "train" : test_set, content(), dimensions());
  }
};

constexpr Role roles[] = {{true, true}, {true, false}, {false, true}, {false, false}};

/// A file of a role: its path, and the prefix before the published name.
struct Found {
  std::string path, prefix;
};

/// The prefix before the published name; nullopt for a file of another role. Accepts the variants
/// of mirrors: "train-images.idx3-ubyte", "TRAIN-IMAGES-IDX3-UBYTE.gz",
/// "emnist-digits-train-images-idx3-ubyte".
std::optional<std::string> prefix_of(std::string name, const Role& role) {
  if (name.starts_with("._")) return std::nullopt;  // macOS metadata in archives
  for (char& c : name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == '.' || c == '_') c = '-';
  }
  if (name.ends_with("-gz")) name.resize(name.size() - 3);
  for (const char* test_set : {"t10k", "test"}) {
    const std::string usual = role.name(test_set);
    if (!name.ends_with(usual)) continue;
    name.resize(name.size() - usual.size());
    if (name.empty() || name.ends_with('-')) return name;
  }
  return std::nullopt;
}

/// Finds the file of a role in a folder. Order of preference: the published name, that with .gz,
/// other names, those with .gz, the same in subfolders named like the file (as Kaggle unpacks it)
/// or raw (as torchvision does).
Found find_idx(const std::string& folder, const Role& role) {
  std::map<int, std::vector<Found>> by_rank;
  const auto look = [&](const fs::path& where, int rank) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(where, ignored)) {
      const std::string name = entry.path().filename().string();
      const std::optional<std::string> prefix = prefix_of(name, role);
      if (!prefix || !entry.is_regular_file(ignored)) continue;
      const int other = name == role.name("t10k") || name == role.name("t10k") + ".gz" ? 0 : 2;
      by_rank[rank + other + name.ends_with(".gz")].push_back({entry.path().string(), *prefix});
    }
  };
  std::error_code ignored;
  look(folder, 0);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(ignored) && (name == "raw" || prefix_of(name, role)))
      look(entry.path(), 4);
  }
  if (by_rank.empty())
    throw InputError(fmt::format(
        "{}: no such file, nor with .gz (jobs/fetch-data.sh downloads MNIST and Fashion-MNIST)",
        (fs::path(folder) / role.name("t10k")).string()));
  std::vector<Found>& best = by_rank.begin()->second;
  if (best.size() > 1) {
    std::sort(best.begin(), best.end(),
              [](const Found& a, const Found& b) { return a.path < b.path; });
    throw InputError(fmt::format("{}: both {} and {} may be the {} {}; allowed: one of them",
                                 folder, fs::relative(best[0].path, folder).string(),
                                 fs::relative(best[1].path, folder).string(),
                                 role.train ? "training" : "test", role.content()));
  }
  return best.front();
}

std::uint32_t big_endian(const unsigned char* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

/// Explains an unexpected magic number, the first four bytes of a file.
std::string describe_magic(std::uint32_t magic) {
  const unsigned type = magic >> 8 & 255, dimensions = magic & 255;
  if (magic >> 16 == 0 && type == 0x08)
    return fmt::format(": it has {} dimension{}", dimensions, dimensions == 1 ? "" : "s");
  if (magic >> 16 == 0 && type >= 0x09 && type <= 0x0e)
    return ": its entries are not unsigned bytes";
  if ((magic & 0xffff) == 0 && magic != 0) return ": its bytes are in reverse order";
  if (magic >> 16 == 0x504b) return ": a zip archive";
  if (magic >> 24 == '<') return ": a web page";
  return "";
}

/// An IDX file of bytes: magic 0x0000 08 d, d sizes of 4 bytes, then the bytes themselves. They are
/// read part by part, so memory follows the size of the file, not the size in its header.
class IdxFile {
 public:
  IdxFile(const std::string& path, const Role& role) : path_(path), file_(path, "IDX file") {
    std::array<unsigned char, 16> header;
    const unsigned dimensions = role.dimensions();
    const std::size_t size = 4 + 4 * dimensions;
    const std::size_t got = file_.read(header.data(), size);
    const std::uint32_t expected = 0x800 + dimensions;
    const std::uint32_t magic = got >= 4 ? big_endian(header.data()) : expected;
    if (magic != expected)
      throw InputError(fmt::format("{}: magic number {:#010x}; an IDX file of {} has {:#010x}{}",
                                   path, magic, role.content(), expected, describe_magic(magic)));
    if (got < size)
      throw InputError(fmt::format("{}: truncated: {} bytes, less than an IDX header", path, got));
    for (unsigned i = 0; i < dimensions; ++i) {
      sizes.push_back(big_endian(header.data() + 4 + 4 * i));
      if (sizes.back() == 0) throw InputError(path + ": empty: its header declares no data");
      if (sizes.back() > (std::size_t{1} << 40) / total_)
        throw InputError(path + ": its header declares more than a terabyte");
      total_ *= sizes.back();
    }
  }

  std::vector<std::size_t> sizes;
  const std::string& path() const { return path_; }

  /// Reads the next bytes. Throws InputError if there are fewer.
  void read(std::span<unsigned char> out) {
    const std::size_t got = file_.read(out.data(), out.size());
    done_ += got;
    if (got < out.size()) wrong("truncated");
  }

  /// Throws InputError if bytes are left.
  void finish() {
    std::array<unsigned char, 4096> rest;
    while (const std::size_t got = file_.read(rest.data(), rest.size())) done_ += got;
    if (done_ > total_) wrong("too long");
  }

 private:
  [[noreturn]] void wrong(const char* what) const {
    throw InputError(fmt::format("{}: {}: {} bytes of data where its header declares {}", path_,
                                 what, done_, total_));
  }

  std::string path_;
  GzFile file_;
  std::size_t total_ = 1, done_ = 0;
};

std::vector<unsigned char> read_labels(IdxFile& file) {
  std::vector<unsigned char> labels;
  for (std::size_t left = file.sizes[0]; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left, 1 << 16);
    labels.resize(labels.size() + part);
    file.read(std::span(labels).last(part));
    left -= part;
  }
  file.finish();
  return labels;
}

/// The images of the two digits, at most the first `limit`.
Rows load_pair(const ProblemOptions& options, const std::string& images_path,
               const std::string& labels_path, std::size_t limit) {
  IdxFile images(images_path, {true, true}), label_file(labels_path, {true, false});
  if (images.sizes[0] != label_file.sizes[0])
    throw InputError(fmt::format("{}: {} images, but {} has {} labels", images.path(),
                                 images.sizes[0], label_file.path(), label_file.sizes[0]));
  const std::vector<unsigned char> labels = read_labels(label_file);
  for (const int digit : options.digits)
    if (std::find(labels.begin(), labels.end(), digit) == labels.end())
      throw InputError(fmt::format("{}: no image has label {}; labels present: {}",
                                   label_file.path(), digit,
                                   fmt::join(std::set<int>(labels.begin(), labels.end()), ", ")));

  const std::size_t pixels = images.sizes[1] * images.sizes[2];
  if (pixels > most_pixels)
    throw InputError(fmt::format("{}: {} x {} pixels an image; allowed: {} in all", images.path(),
                                 images.sizes[1], images.sizes[2], most_pixels));
  Rows rows;
  rows.inputs = options.side * options.side;
  std::vector<unsigned char> bytes(pixels);
  std::vector<float> image(pixels);
  for (const unsigned char digit : labels) {
    images.read(bytes);
    const bool label = digit == options.digits[1];
    if ((!label && digit != options.digits[0]) || rows.size() == limit) continue;
    std::transform(bytes.begin(), bytes.end(), image.begin(),
                   [](unsigned char p) { return static_cast<float>(p) / 255.0f; });
    const std::vector<float> small = resize_bilinear(
        image, static_cast<int>(images.sizes[1]), static_cast<int>(images.sizes[2]), options.side);
    rows.features.insert(rows.features.end(), small.begin(), small.end());
    rows.labels.push_back(label);
  }
  images.finish();
  return rows;
}

/// Paths of the training images, training labels, test images and test labels.
std::vector<std::string> image_files(const std::string& folder) {
  if (!fs::is_directory(folder))
    throw InputError(folder + ": no such folder of IDX files" + where_looked(folder));
  std::vector<std::string> files;
  std::string prefix;
  for (const Role& role : roles) {
    const Found found = find_idx(folder, role);
    if (!files.empty() && found.prefix != prefix)
      throw InputError(
          fmt::format("{}: {} and {} belong to different data sets", folder, files[0], found.path));
    prefix = found.prefix;
    files.push_back(found.path);
  }
  return files;
}

/// The two input pixels that an output pixel is interpolated from.
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
  if (options.kind == ProblemKind::images) return image_files(options.data);
  std::vector<std::string> files;
  if (options.kind == ProblemKind::csv) {
    files.push_back(options.data);
    if (!options.test_data.empty()) files.push_back(options.test_data);
  }
  return files;
}

DataSplit load_images(const ProblemOptions& options) {
  if (options.digits[0] == options.digits[1])
    throw InputError(fmt::format("problem.digits: both are {}; two different labels are needed",
                                 options.digits[0]));
  if (options.side < 1)
    throw InputError(fmt::format("problem.side is {}; allowed: at least 1", options.side));
  const std::vector<std::string> files = image_files(options.data);
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  const auto wanted = options.train_limit ? static_cast<std::size_t>(*options.train_limit) : all;
  RowSplit split;
  split.train = load_pair(options, files[0], files[1], wanted);
  if (wanted != all && split.train.size() < wanted)
    throw InputError(fmt::format("problem.train_samples is {}; {} has {} images of {} and {}",
                                 wanted, files[0], split.train.size(), options.digits[0],
                                 options.digits[1]));
  for (const std::uint8_t label : {0, 1})
    if (std::count(split.train.labels.begin(), split.train.labels.end(), label) == 0)
      throw InputError(fmt::format("problem.train_samples: the first {} images have no {}", wanted,
                                   options.digits[label]));
  split.test = load_pair(options, files[2], files[3], all);
  return finish(std::move(split), options);
}

}  // namespace qhn
