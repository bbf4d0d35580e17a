// Data and costs that a seed names, against what it always named (worked out a second time in
// another language), and the borders of networks.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/sha256.hpp"
#include "problem/problem.hpp"
#include "problem/reference.hpp"
#include "problem/synthetic.hpp"

namespace qhn {
namespace {

std::unique_ptr<Problem> gaussian(std::uint64_t seed) {
  ProblemOptions options;
  options.seed = seed;
  options.hidden = 1;
  options.train_samples = 300;
  options.test_samples = 200;
  return make_problem(options);
}

TEST(Golden, DataSetsAreWhatTheyAlwaysWere) {
  struct Expected {
    std::uint64_t seed;
    const char *train, *test;
  };
  for (const Expected& e :
       {Expected{1, "c9f711d1d8e83c4503ff6b7f31b18387a7910861752b6ef0cb6fe4e675bf25bb",
                 "31ce2c8ec244e812f416272e48db1c5ebbd838897668ffacc0093bdf95dcb61a"},
        Expected{2, "51c8ac0dd85f6de501939daa8971711745e39a6b974b07387c1992a324b19129",
                 "62c29f6061d0e41810a0ba3927a08fb32438bfc092491e44a93238d7b98d617f"}}) {
    const auto problem = gaussian(e.seed);
    EXPECT_EQ(problem->data()->train.size(), 300u);
    EXPECT_EQ(problem->data()->test.size(), 200u);
    EXPECT_EQ(sha256(problem->data()->train), e.train);
    EXPECT_EQ(sha256(problem->data()->test), e.test);
    EXPECT_EQ(problem->data_sha256(), e.train);
    // No sample of one set is one of the other.
    std::set<double> seen(problem->data()->train.features.begin(),
                          problem->data()->train.features.end());
    for (const double x : problem->data()->test.features) EXPECT_FALSE(seen.contains(x));
  }
}

TEST(Golden, SyntheticCostsAreWhatTheyAlwaysWere) {
  const IsingForm c = synthetic_couplings(5, 3);
  // Multiples of 2^-40 all of them.
  const double fields[] = {-0.06123613780619053, -0.5866066378312098, 0.21949156110622425,
                           0.015323017993068788, 0.09443483256472973};
  const double pairs[] = {5.041937311034417e-05, -0.022477689519291744, -0.007872328900702996,
                          0.10313965388286306,   -0.023842784737098555, -0.12340611654144595,
                          0.0016038567146097193, 0.010988926183017611,  -0.053261612067217357,
                          0.07794378107064404};  // (1, 0), (2, 0), (2, 1), …
  EXPECT_NEAR(c.constant, 1.3915929, 1e-12);
  for (std::size_t q = 0; q < 5; ++q) EXPECT_DOUBLE_EQ(c.fields[q], fields[q]) << q;
  const double* next = pairs;
  for (int q = 0; q < 5; ++q)
    for (int p = 0; p < q; ++p) {
      EXPECT_DOUBLE_EQ(c.pair(p, q), *next) << p << " " << q;
      EXPECT_EQ(c.pair(q, p), *next++);
    }
}

TEST(Golden, BordersOfNetworks) {
  EXPECT_EQ(activate(Activation::sign, 0.0), 1.0);
  EXPECT_EQ(activate(Activation::sign, -0.0), 1.0);
  EXPECT_EQ(activate(Activation::sign, -1e-300), -1.0);
  EXPECT_EQ(activate(Activation::relu, -2.0), 0.0);
  EXPECT_EQ(activate(Activation::clamped_relu, 1.5), 1.0);
  // A probability of exactly ½ is label 1: the sample x = 1 with W + b = 0.
  ProblemOptions options;
  options.network = NetworkKind::logistic;
  const Network network(options, 1);
  for (const int label : {0, 1}) {
    const DataSet one{1, {1.0}, {static_cast<std::uint8_t>(label)}};
    const double on_border = reference_score(network, one, 0b01).accuracy;  // W = −1, b = +1
    EXPECT_EQ(on_border, label);
    EXPECT_EQ(reference_score(network, one, 0b11).accuracy, label);      // z = 2
    EXPECT_EQ(reference_score(network, one, 0b00).accuracy, 1 - label);  // z = −2
    EXPECT_NEAR(reference_score(network, one, 0b01).loss, std::log(2.0), 1e-15);
  }
}

}  // namespace
}  // namespace qhn
