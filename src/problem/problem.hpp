#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/cost_function.hpp"
#include "core/costs.hpp"
#include "core/index_map.hpp"
#include "core/types.hpp"

namespace qhn {

enum class ProblemKind { gaussian, images, csv, table, synthetic };
enum class NetworkKind { logistic, mlp };
enum class Activation { relu, sigmoid, sign, tanh, clamped_relu };

/// The values of a weight bit: bit 0 → v[0], bit 1 → v[1].
using ValuePair = std::array<double, 2>;

class Network;
struct DataSplit;

/// Options of a problem, from the experiment file.
struct ProblemOptions {
  ProblemKind kind = ProblemKind::gaussian;
  std::string data;       ///< images: folder of the IDX files (plain or .gz); csv: training file
  std::string test_data;  ///< csv: test file; empty: see test_fraction
  double test_fraction = 0.0;       ///< csv without test file: share of the rows
  std::uint64_t split_seed = 1;     ///< csv: draws the rows of test_fraction and train_limit
  std::string label;                ///< csv: name of the label column; empty: see label_column
  int label_column = 0;             ///< csv: counted from 1; 0: the last
  std::optional<bool> header;       ///< csv: the first line is a header; nullopt: detect
  std::optional<int> train_limit;   ///< images, csv: problem.train_samples; nullopt: all
  bool standardize = false;         ///< images, csv: by mean and deviation of the training samples
  std::string table;                ///< table: file of text (one number per line), HDF5 or .npy
  int qubits = 0;                   ///< synthetic
  std::uint64_t seed = 1;           ///< gaussian: of the data; synthetic: of the costs
  int train_samples = 10000;        ///< gaussian
  int test_samples = 10000;         ///< gaussian
  std::array<int, 2> digits{0, 1};  ///< images: labels 0 and 1
  int side = 4;                     ///< images: resized to side × side
  std::optional<double> binarize;   ///< images, csv: x → +1 where x > threshold, else −1
  std::optional<double> target;     ///< gaps count from this loss; no table is needed

  NetworkKind network = NetworkKind::mlp;
  int hidden = 3;  ///< H of an mlp
  /// One entry: fixed. Two: a choice bit, bit 0 → first, bit 1 → second.
  std::vector<Activation> activations{Activation::relu, Activation::sigmoid};
  bool width_choice = false;  ///< one bit; 0 switches hidden unit H off
  bool pair_choice = false;   ///< two bits: 00 {0,1}, 01 {−1,1}, 10 {−2,1}, 11 {−3,1}
  ValuePair pair{-1.0, 1.0};  ///< of every group without its own pair
  std::optional<ValuePair> pair_w1, pair_w2, pair_b1, pair_b2;  ///< logistic uses w1 and b1
};

/// One named value of a decoded network, e.g. {"W1[0,2]", "-1"} or {"activation", "sigmoid"}.
struct DecodedValue {
  std::string name;
  std::string value;
};

/// Loss and accuracy of one network on a set of samples.
struct Score {
  std::size_t samples = 0;
  double loss = 0.0;      ///< the loss (docs/theory.md) on these samples
  double accuracy = 0.0;  ///< fraction with (p ≥ ½) = label
};

/// What an experiment is about: a cost of bit strings that can be enumerated, and for networks the
/// data and what a bit string means.
class Problem : public CostFunction, public CostTable {
 public:
  /// At most 63.
  int bits() const override = 0;
  void evaluate(std::span<const BitString> strings, std::span<double> out) const override;
  const CostTable* table() const override { return this; }

  /// Tables and networks are enumerated in ranges of at least 2^12 consecutive states, so each
  /// qubit below 12 without a slot doubles the work. Needs a few MiB beyond `out`.
  void slice(const IndexMap& map, std::span<double> out) const override;

  /// Number of training samples per cost; 0 if there are none.
  virtual std::size_t train_samples() const = 0;

  /// The design space and the data of the costs; null if there are none.
  virtual const Network* network() const { return nullptr; }
  virtual const DataSplit* data() const { return nullptr; }

  /// Weights, biases and choices of network `w` in parameter order; the bits if there are no
  /// networks.
  virtual std::vector<DecodedValue> decode(Index w) const = 0;

  /// Loss and accuracy on the training or test set; nullopt if there is none.
  virtual std::optional<Score> train_score(Index w) const = 0;
  virtual std::optional<Score> test_score(Index w) const = 0;

  /// SHA-256 (hex) of the data that defines the costs, for provenance.
  virtual std::string data_sha256() const = 0;
};

/// Whether the costs are those of networks, rather than a table or synthetic.
inline bool has_networks(const ProblemOptions& options) {
  return options.kind != ProblemKind::table && options.kind != ProblemKind::synthetic;
}

/// Number of bits of the networks or costs of `options`; 0 for a table, whose file determines it.
/// Reads a CSV file; `remarks` receives the remarks on it.
int network_bits(const ProblemOptions& options, std::vector<std::string>* remarks = nullptr);

/// Loads or makes the data. Throws InputError with one line: the file, what was found, what is
/// allowed.
std::unique_ptr<Problem> make_problem(const ProblemOptions& options);

}  // namespace qhn
