#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/shared_array.hpp"
#include "problem/problem.hpp"

namespace qhn {

/// Labelled samples: `features` is size() × inputs, row after row; labels are 0 or 1. Copies share
/// the numbers; readers fill vectors and hand them over at the end.
struct DataSet {
  int inputs = 0;
  SharedArray<double> features;
  SharedArray<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  std::span<const double> row(std::size_t sample) const {
    return {features.data() + sample * static_cast<std::size_t>(inputs),
            static_cast<std::size_t>(inputs)};
  }
};

struct DataSplit {
  DataSet train;
  DataSet test;                           ///< empty where the user gave none
  std::vector<std::string> remarks = {};  ///< on how the files were read, a line each
};

/// One set of the gaussian problem (spec section 4); sample k depends on (seed, purpose, k) only.
DataSet make_gaussian(std::uint64_t seed, Stream purpose, std::size_t samples);

/// Exact standard normal deviate from uniform comparisons alone, so that no mathematical library
/// has a say in it: Algorithm N of C. F. F. Karney, "Sampling exactly from the normal
/// distribution", ACM Trans. Math. Softw. 42, 3 (2016), arXiv:1303.6257.
double exact_normal(CounterRng& rng);

/// The IDX files of a folder (plain or .gz, by their usual names), two labels, resized to
/// side × side; the first problem.train_samples training images of these labels.
DataSplit load_images(const ProblemOptions& options);

/// Bilinear, half-pixel centres, no antialiasing, in float32 (spec section 4).
std::vector<float> resize_bilinear(std::span<const float> image, int rows, int columns, int side);

/// The files that load_csv() or load_images() reads, in a fixed order; none for other kinds. Throws
/// InputError where one is not there.
std::vector<std::string> input_files(const ProblemOptions& options);

/// Numeric columns and one of labels (the last, or problem.label): 0 and 1, −1 and 1, or two words,
/// which become 0 and 1 in ascending order. A first line without any number is a header; what could
/// be read in two ways is refused. A test set that is cut off is stratified and drawn by
/// problem.split_seed; so are problem.train_samples of the rest.
DataSplit load_csv(const ProblemOptions& options);

/// SHA-256 of numbers that come piece by piece, as little-endian doubles.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::span<const double> numbers) { add(numbers.data(), numbers.size_bytes()); }
  void add(const void* bytes, std::size_t size);
  std::string hex();  ///< to be called once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 in hex of the numbers as little-endian doubles.
std::string sha256(std::span<const double> numbers);
/// … of the bytes of `text`.
std::string sha256(const std::string& text);
/// … of the bytes of a file. Throws InputError where it cannot be read.
std::string sha256_of_file(const std::string& path);
/// … of the features followed by the labels, both as little-endian doubles.
std::string sha256(const DataSet& data);

/// Makes every feature +1 where it exceeds `threshold`, else −1.
void binarize(std::span<double> features, double threshold);

}  // namespace qhn
