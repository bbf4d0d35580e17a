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

/// What the user asked for; filled by the app from the experiment file.
struct ProblemOptions {
  ProblemKind kind = ProblemKind::gaussian;
  std::string data;       ///< images: folder of the IDX files (plain or .gz); csv: training file
  std::string test_data;  ///< csv: second file; empty: see test_fraction
  double test_fraction = 0.0;       ///< csv without a second file: this share of the rows
  std::uint64_t split_seed = 1;     ///< csv: names the rows that test_fraction and train_limit take
  std::string label;                ///< csv: name of the label column; empty: see label_column
  int label_column = 0;             ///< csv: counted from 1; 0: the last
  std::optional<bool> header;       ///< csv: is the first line a header? nullopt: look at it
  std::optional<int> train_limit;   ///< images, csv: problem.train_samples; nullopt: all
  bool standardize = false;         ///< images, csv: by mean and deviation of the training samples
  std::string table;                ///< table: text (one number a line) or HDF5 file
  int qubits = 0;                   ///< synthetic
  std::uint64_t seed = 1;           ///< gaussian: names one data set; synthetic: one cost
  int train_samples = 10000;        ///< gaussian
  int test_samples = 10000;         ///< gaussian
  std::array<int, 2> digits{0, 1};  ///< images: labels 0 and 1
  int side = 4;                     ///< images: resized to side × side
  std::optional<double> binarize;   ///< images, csv: x → +1 where x > threshold, else −1
  std::optional<double> target;     ///< success is a loss at most this; no table is needed then

  NetworkKind network = NetworkKind::mlp;
  int hidden = 3;  ///< H of an mlp
  /// One entry: fixed. Two: a choice bit, bit 0 → first, bit 1 → second.
  std::vector<Activation> activations{Activation::relu, Activation::sigmoid};
  bool width_choice = false;  ///< a bit masks hidden unit H where 0
  bool pair_choice = false;   ///< two bits: 00 {0,1}, 01 {−1,1}, 10 {−2,1}, 11 {−3,1}
  ValuePair pair{-1.0, 1.0};  ///< of every group that has none of its own
  std::optional<ValuePair> pair_w1, pair_w2, pair_b1, pair_b2;  ///< logistic uses w1 and b1
};

/// One named value of a decoded network, e.g. {"W1[0,2]", "-1"} or {"activation", "sigmoid"}.
struct DecodedValue {
  std::string name;
  std::string value;
};

/// What a set of samples says about one network.
struct Score {
  std::size_t samples = 0;
  double loss = 0.0;      ///< the loss of spec section 3 on these samples
  double accuracy = 0.0;  ///< fraction with (p ≥ ½) = label
};

/// A diagonal cost C(w) over all bit strings of `qubits()` bits. Immutable once made.
class Problem {
 public:
  virtual ~Problem() = default;

  virtual int qubits() const = 0;

  /// C(first), C(first + 1), … into `out`; any range inside [0, 2^N). Uses OpenMP threads; each
  /// entry is bit-identical whatever the range and the number of threads.
  virtual void costs(Index first, std::span<double> out) const = 0;

  /// The cost of basis state map(x) into out[x] for all 2^slots() local indices x: the part of the
  /// table that belongs to a part of a distributed state. Entries are those of costs(), but for
  /// tables and networks they are enumerated in ranges of consecutive states of at least 2^12, so
  /// each qubit below 12 without a slot doubles the work. Needs a few MiB beyond `out`.
  virtual void slice_costs(const IndexMap& map, std::span<double> out) const;

  /// Number of training samples behind one cost; 0 where there are none.
  virtual std::size_t train_samples() const = 0;

  /// The design space and the data behind the costs; null where there are none.
  virtual const Network* network() const { return nullptr; }
  virtual const DataSplit* data() const { return nullptr; }

  /// Weights, biases and choices of network `w` in parameter order; just the bits where there
  /// are none.
  virtual std::vector<DecodedValue> decode(Index w) const = 0;

  /// Loss and accuracy on the training or test set; nullopt where there is none.
  virtual std::optional<Score> train_score(Index w) const = 0;
  virtual std::optional<Score> test_score(Index w) const = 0;

  /// SHA-256 (hex) of the data that defines the costs, for provenance.
  virtual std::string data_sha256() const = 0;
};

/// Costs that differ by less than this, relative to the minimum, count as equal: a cost is a sum
/// over thousands of samples, and two networks that compute the same may add it up differently.
inline constexpr double equal_costs = 1e-12;

/// The largest cost of a minimiser of a table whose least entry is `minimum`. Where the largest,
/// `maximum`, is known, an offset that all entries share does not make them equal: beyond ten times
/// their range it does not count.
inline double minimizer_limit(double minimum,
                              double maximum = std::numeric_limits<double>::infinity()) {
  return minimum + equal_costs * std::min(std::abs(minimum), 10.0 * (maximum - minimum));
}

/// Throws InputError where a cost is not finite: features or costs beyond what doubles can add up.
/// costs[i] is that of network `index_of(i)`.
void require_finite(std::span<const double> costs, const std::function<Index(Index)>& index_of);

/// Number of bits of the networks or costs `options` describes; 0 for a table (its file tells).
/// A CSV file is read for it; `remarks` get what there is to say of it.
int network_bits(const ProblemOptions& options, std::vector<std::string>* remarks = nullptr);

/// Loads or makes the data. Throws InputError with one line that names file, what was found and
/// what is allowed.
std::unique_ptr<Problem> make_problem(const ProblemOptions& options);

}  // namespace qhn
