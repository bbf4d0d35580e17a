#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "problem/problem.hpp"

namespace qhn {

const char* to_string(Activation activation);

/// f(a) of a hidden unit; sign(0) = +1, clamped ReLU is min(max(a, 0), 1).
double activate(Activation activation, double a);

/// A network design with fixed choice bits; its two-valued weights and biases are free.
struct FixedNetwork {
  NetworkKind kind = NetworkKind::logistic;
  int inputs = 0;
  int hidden = 0;  ///< hidden units with bits
  int active = 0;  ///< hidden units in use: hidden, or hidden − 1 if the width bit masks the last
  Activation activation = Activation::relu;
  ValuePair w1{}, w2{}, b1{}, b2{};  ///< a logistic network has w1 and b1 only

  /// Number of weights and biases, without choice bits.
  int bits() const;
  /// Values of all bits in parameter order; parameter 0 is the most significant bit of `w`.
  std::vector<double> values(Index w) const;
  /// The argument of the output's σ for the inputs `x`; `values` as above.
  double output(std::span<const double> values, std::span<const double> x) const;
};

/// Network indices and their number 2^N must both fit an Index of 64 bits.
inline constexpr int most_network_bits = 63;

/// The design space of an experiment, in the bit order of docs/theory.md, Networks and losses.
class Network {
 public:
  /// Throws InputError if the options contradict each other or N exceeds most_network_bits.
  Network(const ProblemOptions& options, int inputs);

  int bits() const { return base_bits_ + choice_bits_; }
  /// The choice bits are the last ones: activation, width, pair, where present.
  int choice_bits() const { return choice_bits_; }
  /// The design with the choice bits `choice`, in [0, 2^choice_bits()).
  FixedNetwork resolve(Index choice) const;
  std::vector<DecodedValue> decode(Index w) const;

 private:
  ProblemOptions options_;
  int inputs_;
  bool activation_choice_;
  int base_bits_ = 0;
  int choice_bits_ = 0;
};

}  // namespace qhn
