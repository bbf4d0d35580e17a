#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/sha256.hpp"
#include "core/shared_array.hpp"
#include "problem/problem.hpp"

namespace qhn {

/// Labeled samples: `features` is size() × inputs, row after row; labels are 0 or 1. Copies share
/// the arrays.
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
  DataSet test;                           ///< empty if there is none
  std::vector<std::string> remarks = {};  ///< how the files were read, one line each
};

/// One sample set of the gaussian problem (docs/theory.md, Data sets). Sample k depends only on
/// (seed, purpose, k).
DataSet make_gaussian(std::uint64_t seed, Stream purpose, std::size_t samples);

/// Exact standard normal deviate. It uses only comparisons of uniform numbers, so it does not
/// depend on the mathematical library. Algorithm N of C. F. F. Karney, "Sampling exactly from the
/// normal distribution", ACM Trans. Math. Softw. 42, 3 (2016), arXiv:1303.6257.
double exact_normal(CounterRng& rng);

/// Reads the IDX files of a folder (plain or .gz, with their usual names): images of two labels,
/// resized to side × side. The training set is the first problem.train_samples images of these
/// labels.
DataSplit load_images(const ProblemOptions& options);

/// Resizes an image to side × side: bilinear, half-pixel centers, no antialiasing, float32.
std::vector<float> resize_bilinear(std::span<const float> image, int rows, int columns, int side);

/// The files that load_csv() or load_images() reads, in a fixed order; none for other kinds. Throws
/// InputError if one is missing.
std::vector<std::string> input_files(const ProblemOptions& options);

/// Reads numeric columns and one label column (the last, or problem.label): 0 and 1, −1 and 1, or
/// two words, which become 0 and 1 in ascending order. A first line without any number is a header.
/// Throws InputError for a file that could be read in two ways. A test set cut off the training
/// file is stratified and drawn by problem.split_seed; so are problem.train_samples of the rest.
DataSplit load_csv(const ProblemOptions& options);

/// SHA-256 in hex of the features followed by the labels, both as little-endian doubles.
std::string sha256(const DataSet& data);

/// Sets every feature to +1 where it exceeds `threshold`, else to −1.
void binarize(std::span<double> features, double threshold);

}  // namespace qhn
