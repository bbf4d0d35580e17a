#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "problem/problem.hpp"

namespace qhn {

/// Labelled samples: `features` is size() × inputs, row after row; labels are 0 or 1.
struct DataSet {
  int inputs = 0;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  std::span<const double> row(std::size_t sample) const {
    return {features.data() + sample * static_cast<std::size_t>(inputs),
            static_cast<std::size_t>(inputs)};
  }
};

struct DataSplit {
  DataSet train;
  DataSet test;  ///< empty where the user gave none
};

/// One set of the gaussian problem (spec section 4); sample k depends on (seed, purpose, k) only.
DataSet make_gaussian(std::uint64_t seed, Stream purpose, std::size_t samples);

/// Exact standard normal deviate from uniform comparisons alone, so that no mathematical library
/// has a say in it: Algorithm N of C. F. F. Karney, "Sampling exactly from the normal
/// distribution", ACM Trans. Math. Softw. 42, 3 (2016), arXiv:1303.6257.
double exact_normal(CounterRng& rng);

/// The IDX files train-* and t10k-* of a folder (plain or .gz), two labels, resized to side × side.
DataSplit load_images(const ProblemOptions& options);

/// Bilinear, half-pixel centres, no antialiasing, in float32 (spec section 4).
std::vector<float> resize_bilinear(std::span<const float> image, int rows, int columns, int side);

/// Numeric columns separated by commas, the last one the label (0 or 1). A first line without any
/// number is a header.
DataSplit load_csv(const ProblemOptions& options);

/// The costs of a table file in index order: text (one number a line) or HDF5 (dataset "costs").
/// At least two, a power of two, all finite.
std::vector<double> load_table(const std::string& path);
/// The text half of it: the finite numbers of the file, one a line.
std::vector<double> load_text_table(const std::string& path);

/// SHA-256 in hex of the numbers as little-endian doubles.
std::string sha256(std::span<const double> numbers);
/// … of the bytes of `text`.
std::string sha256(const std::string& text);
/// … of the features followed by the labels, both as little-endian doubles.
std::string sha256(const DataSet& data);

/// Makes every feature +1 where it exceeds `threshold`, else −1.
void binarize(DataSet& data, double threshold);

/// Reads a whole file. Throws InputError naming `what` it is and the path.
std::string read_whole_file(const std::string& path, const std::string& what);

}  // namespace qhn
