#include "problem/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr ValuePair chosen_pairs[4] = {{0, 1}, {-1, 1}, {-2, 1}, {-3, 1}};

}  // namespace

const char* to_string(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return "relu";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::sign:
      return "sign";
    case Activation::tanh:
      return "tanh";
    case Activation::clamped_relu:
      return "clamped-relu";
  }
  return "unknown";
}

double activate(Activation activation, double a) {
  switch (activation) {
    case Activation::relu:
      return std::max(a, 0.0);
    case Activation::sigmoid:
      return 1.0 / (1.0 + std::exp(-a));
    case Activation::sign:
      return a >= 0.0 ? 1.0 : -1.0;
    case Activation::tanh:
      return std::tanh(a);
    case Activation::clamped_relu:
      return std::clamp(a, 0.0, 1.0);
  }
  return 0.0;
}

int FixedNetwork::bits() const {
  return kind == NetworkKind::logistic ? inputs + 1 : inputs * hidden + hidden + 1 + hidden;
}

std::vector<double> FixedNetwork::values(Index w) const {
  std::vector<double> values;
  int left = bits();
  const auto take = [&](const ValuePair& pair, int count) {
    for (; count > 0; --count) values.push_back(pair[static_cast<std::size_t>(bit(w, --left))]);
  };
  if (kind == NetworkKind::logistic) {
    take(w1, inputs);
    take(b1, 1);
  } else {
    take(w1, inputs * hidden);
    take(w2, hidden);
    take(b2, 1);
    take(b1, hidden);
  }
  return values;
}

double FixedNetwork::output(std::span<const double> values, std::span<const double> x) const {
  const auto dot = [&](const double* weights, int stride) {
    double sum = 0.0;
    for (int j = 0; j < inputs; ++j) sum += weights[j * stride] * x[static_cast<std::size_t>(j)];
    return sum;
  };
  if (kind == NetworkKind::logistic) return dot(values.data(), 1) + values.back();
  const double* first = values.data();             // W1, inputs × hidden
  const double* second = first + inputs * hidden;  // W2
  const double* bias = second + hidden;            // b2, then b1
  double z = 0.0;
  for (int h = 0; h < active; ++h)
    z += second[h] * activate(activation, dot(first + h, hidden) + bias[1 + h]);
  return z + bias[0];
}

Network::Network(const ProblemOptions& options, int inputs)
    : options_(options), inputs_(inputs), activation_choice_(options.activations.size() == 2) {
  if (options.network == NetworkKind::logistic) {
    if (options.width_choice)
      throw InputError("a logistic network has no hidden units: width_choice needs an mlp");
    activation_choice_ = false;
  } else {
    if (options.hidden < 1)
      throw InputError(
          fmt::format("an mlp with {} hidden units; allowed: at least 1", options.hidden));
    if (options.activations.empty() || options.activations.size() > 2)
      throw InputError(fmt::format("{} activations; allowed: one, or two to choose from",
                                   options.activations.size()));
  }
  choice_bits_ = activation_choice_ + options.width_choice + 2 * options.pair_choice;
  // In 64 bits, so that a huge image size or width is an error, not an overflow.
  const std::int64_t h = options.network == NetworkKind::mlp ? options.hidden : 0;
  const std::int64_t base =
      h == 0 ? std::int64_t{inputs} + 1 : std::int64_t{inputs} * h + h + 1 + h;
  if (base + choice_bits_ > most_network_bits)
    throw InputError(fmt::format(
        "this network has {} bits ({} inputs{}); allowed: at most {}, since a network index is "
        "one 64-bit word",
        base + choice_bits_, inputs, h == 0 ? "" : fmt::format(", {} hidden units", h),
        most_network_bits));
  base_bits_ = static_cast<int>(base);
}

FixedNetwork Network::resolve(Index choice) const {
  int left = choice_bits_;
  const auto next = [&] { return static_cast<std::size_t>(bit(choice, --left)); };
  FixedNetwork fixed;
  fixed.kind = options_.network;
  fixed.inputs = inputs_;
  if (options_.network == NetworkKind::mlp) {
    fixed.hidden = fixed.active = options_.hidden;
    fixed.activation = options_.activations[activation_choice_ ? next() : 0];
    if (options_.width_choice && next() == 0) --fixed.active;
  }
  ValuePair common = options_.pair;
  if (options_.pair_choice) {
    const std::size_t high = next();
    common = chosen_pairs[2 * high + next()];
  }
  fixed.w1 = options_.pair_w1.value_or(common);
  fixed.w2 = options_.pair_w2.value_or(common);
  fixed.b1 = options_.pair_b1.value_or(common);
  fixed.b2 = options_.pair_b2.value_or(common);
  return fixed;
}

std::vector<DecodedValue> Network::decode(Index w) const {
  const Index choice = w & (dimension(choice_bits_) - 1);
  const FixedNetwork fixed = resolve(choice);
  std::vector<DecodedValue> decoded;
  const std::vector<double> values = fixed.values(w >> choice_bits_);
  auto value = values.begin();
  const auto name = [&](std::string text) {
    decoded.push_back({std::move(text), fmt::format("{:g}", *value++)});
  };
  if (fixed.kind == NetworkKind::logistic) {
    for (int j = 0; j < inputs_; ++j) name(fmt::format("W[{}]", j));
    name("b");
  } else {
    for (int j = 0; j < inputs_; ++j)
      for (int h = 0; h < fixed.hidden; ++h) name(fmt::format("W1[{},{}]", j, h));
    for (int h = 0; h < fixed.hidden; ++h) name(fmt::format("W2[{}]", h));
    name("b2");
    for (int h = 0; h < fixed.hidden; ++h) name(fmt::format("b1[{}]", h));
  }
  if (activation_choice_) decoded.push_back({"activation", to_string(fixed.activation)});
  if (options_.width_choice) decoded.push_back({"width", fmt::format("{}", fixed.active)});
  if (options_.pair_choice) {
    const ValuePair pair = chosen_pairs[choice & 3];
    decoded.push_back({"pair", fmt::format("{{{:g}, {:g}}}", pair[0], pair[1])});
  }
  return decoded;
}

}  // namespace qhn
