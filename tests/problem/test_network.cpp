#include <gtest/gtest.h>

#include <cmath>

#include "../record/temporary_folder.hpp"
#include "core/error.hpp"
#include "problem/reference.hpp"

namespace qhn {
namespace {

double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

DataSet two_samples() { return {2, {0.5, -1.5, 2.0, 0.25}, {0, 1}}; }

std::string name_list(const std::vector<DecodedValue>& values) {
  std::string text;
  for (const DecodedValue& v : values) text += v.name + "=" + v.value + " ";
  return text;
}

TEST(Network, LogisticByHand) {
  ProblemOptions options;
  options.network = NetworkKind::logistic;
  options.pair = {-3, 1};
  const Network network(options, 2);
  EXPECT_EQ(network.bits(), 3);
  // Bits 1 0 1: W = (1, −3), b = 1.
  const double z0 = 0.5 + 4.5 + 1, z1 = 2.0 - 0.75 + 1;
  const Score score = reference_score(network, two_samples(), 0b101);
  EXPECT_NEAR(score.loss, (std::log(1 + std::exp(z0)) + std::log(1 + std::exp(-z1))) / 2, 1e-14);
  EXPECT_EQ(score.accuracy, 0.5);
  EXPECT_EQ(name_list(network.decode(0b101)), "W[0]=1 W[1]=-3 b=1 ");
}

TEST(Network, MlpByHand) {
  ProblemOptions options;
  options.hidden = 2;
  options.activations = {Activation::relu, Activation::sigmoid};
  options.pair_w1 = ValuePair{-1, 2};
  options.pair_w2 = ValuePair{-3, 4};
  options.pair_b2 = ValuePair{-5, 6};
  options.pair_b1 = ValuePair{-7, 8};
  const Network network(options, 2);
  EXPECT_EQ(network.bits(), 10);
  // W1 rows (2, −1), (−1, −1); W2 (−3, 4); b2 6; b1 (−7, 8); activation.
  const Index w = 0b1000'01'1'01'0;
  EXPECT_EQ(name_list(network.decode(w)),
            "W1[0,0]=2 W1[0,1]=-1 W1[1,0]=-1 W1[1,1]=-1 W2[0]=-3 W2[1]=4 b2=6 b1[0]=-7 b1[1]=8 "
            "activation=relu ");
  const auto p = [](double x0, double x1, auto f) {
    return sigmoid(-3 * f(2 * x0 - x1 - 7) + 4 * f(-x0 - x1 + 8) + 6);
  };
  const auto loss = [&](auto f) {
    return (std::pow(p(0.5, -1.5, f), 2) + std::pow(p(2.0, 0.25, f) - 1, 2)) / 2;
  };
  EXPECT_NEAR(reference_score(network, two_samples(), w).loss,
              loss([](double a) { return a > 0 ? a : 0; }), 1e-14);
  EXPECT_NEAR(reference_score(network, two_samples(), w | 1).loss, loss(sigmoid), 1e-14);
}

TEST(Network, ChoiceBitsComeLastInTheirOrder) {
  ProblemOptions options;
  options.hidden = 2;
  options.activations = {Activation::sign, Activation::tanh};
  options.width_choice = true;
  options.pair_choice = true;
  options.pair_b2 = ValuePair{-9, 9};  // a group with a pair of its own keeps it
  const Network network(options, 1);
  EXPECT_EQ(network.choice_bits(), 4);
  EXPECT_EQ(network.bits(), 2 + 2 + 1 + 2 + 4);
  const FixedNetwork fixed = network.resolve(0b1010);
  EXPECT_EQ(fixed.activation, Activation::tanh);
  EXPECT_EQ(fixed.active, 1);
  EXPECT_EQ(fixed.w1, (ValuePair{-2, 1}));
  EXPECT_EQ(fixed.b2, (ValuePair{-9, 9}));
  EXPECT_EQ(network.resolve(0b0101).activation, Activation::sign);
  EXPECT_EQ(network.resolve(0b0101).active, 2);
  EXPECT_EQ(network.resolve(0b0100).w1, (ValuePair{0, 1}));
  EXPECT_EQ(network.resolve(0b0101).w1, (ValuePair{-1, 1}));
  EXPECT_EQ(network.resolve(0b0111).w1, (ValuePair{-3, 1}));
  const auto decoded = network.decode(0b1010);
  EXPECT_EQ(name_list({decoded.end() - 3, decoded.end()}), "activation=tanh width=1 pair={-2, 1} ");
}

TEST(Network, WidthBitMasksTheLastHiddenUnit) {
  ProblemOptions options;
  options.hidden = 2;
  options.activations = {Activation::sigmoid};
  options.width_choice = true;
  const Network network(options, 1);
  const DataSet data{1, {0.7, -0.3}, {1, 0}};
  ProblemOptions narrow = options;
  narrow.hidden = 1;
  narrow.width_choice = false;
  const Network one(narrow, 1);
  // W1[0,0] W1[0,1] W2[0] W2[1] b2 b1[0] b1[1] width: the bits of unit 1 do not matter.
  for (Index w = 0; w < dimension(one.bits()); ++w) {  // W1 W2 b2 b1
    const Index kept = static_cast<Index>(bit(w, 3)) << 7 | static_cast<Index>(bit(w, 2)) << 5 |
                       static_cast<Index>(bit(w, 1)) << 3 | static_cast<Index>(bit(w, 0)) << 2;
    for (const Index masked : {0b0101'0010, 0b0100'0010, 0b0000'0000})
      EXPECT_EQ(reference_score(network, data, kept | masked).loss,
                reference_score(one, data, w).loss);
  }
}

TEST(Network, Activations) {
  EXPECT_EQ(activate(Activation::sign, 0.0), 1.0);
  EXPECT_EQ(activate(Activation::sign, -1e-300), -1.0);
  EXPECT_EQ(activate(Activation::relu, -2.0), 0.0);
  EXPECT_EQ(activate(Activation::relu, 2.0), 2.0);
  EXPECT_EQ(activate(Activation::clamped_relu, 2.0), 1.0);
  EXPECT_EQ(activate(Activation::clamped_relu, -2.0), 0.0);
  EXPECT_EQ(activate(Activation::sigmoid, 0.0), 0.5);
  EXPECT_EQ(activate(Activation::tanh, 0.5), std::tanh(0.5));
}

TEST(Network, PublishedSizes) {
  ProblemOptions options;
  for (const auto& [hidden, bits] : {std::pair{2, 10}, {3, 14}, {4, 18}}) {
    options.hidden = hidden;
    EXPECT_EQ(network_bits(options), bits);
  }
  options.kind = ProblemKind::images;
  options.network = NetworkKind::logistic;
  EXPECT_EQ(network_bits(options), 17);
  options.pair_choice = true;
  EXPECT_EQ(network_bits(options), 19);
  options.kind = ProblemKind::table;
  EXPECT_EQ(network_bits(options), 0);
}

TEST(Network, RefusesContradictions) {
  const auto error = [](const ProblemOptions& options) {
    return message_of<InputError>([&] { make_problem(options); });
  };
  ProblemOptions options;
  options.network = NetworkKind::logistic;
  options.width_choice = true;
  EXPECT_EQ(error(options), "a logistic network has no hidden units: width_choice needs an mlp");
  options = {};
  options.hidden = 0;
  EXPECT_EQ(error(options), "an mlp with 0 hidden units; allowed: at least 1");
  options.hidden = 16;
  EXPECT_EQ(
      error(options),
      "this network has 66 bits (2 inputs, 16 hidden units); allowed: at most 63, since a network "
      "index is one 64-bit word");
  options.hidden = 3;
  options.activations.clear();
  EXPECT_EQ(error(options), "0 activations; allowed: one, or two to choose from");
  options = {};
  options.train_samples = 0;
  EXPECT_EQ(error(options), "0 samples of the gaussian problem; allowed: at least 1");
  options = {};
  options.kind = ProblemKind::images;
  options.side = 1 << 20;  // refused before any file is looked for
  EXPECT_NE(error(options).find("allowed: at most 63"), std::string::npos);
}

}  // namespace
}  // namespace qhn
