#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "baseline/nested.hpp"
#include "baseline/trainer.hpp"
#include "problem/reference.hpp"

namespace qhn {
namespace {

struct Case {
  TrainerKind kind;
  NetworkKind network;
  Activation activation;
  int hidden, active;
  ValuePair pair;
  double rate, regularizer;
  std::vector<double> start, end, losses;
};
const std::vector<Case> cases{
#include "trainers_expected.inc"
};

// The data and batches of trainers_reference.py.
const DataSet six{
    2, {0.5, -1.2, 1.5, 0.3, -0.7, 0.9, 0.2, 0.1, -1.1, -0.4, 2.0, -0.6}, {1, 0, 1, 1, 0, 0}};
const std::vector<std::vector<std::uint32_t>> batches{{0, 1, 2, 3}, {4, 5}, {5, 3, 1, 0}, {2, 4}};

FixedNetwork network_of(const Case& c) {
  return {c.network, 2, c.hidden, c.active, c.activation, c.pair, c.pair, c.pair, c.pair};
}

TEST(BinaryTrainer, GoesTheWayOfTheNumpyReference) {
  ASSERT_EQ(cases.size(), 18u);
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(to_string(c.kind)) + " " + to_string(c.activation));
    BinaryTrainer trainer(network_of(c), six, 6, {c.kind, c.rate, 4, c.regularizer}, c.start);
    for (std::size_t t = 0; t < c.losses.size(); ++t)
      ASSERT_NEAR(trainer.step(batches[t % 4]), c.losses[t], 1e-12) << "step " << t;
    for (std::size_t k = 0; k < c.end.size(); ++k)
      EXPECT_NEAR(trainer.latent()[k], c.end[k], 1e-12);
  }
}

// Else the cases above would be about latent numbers alone.
TEST(BinaryTrainer, MovesBitsInMostCases) {
  const auto moves = [](const Case& c) {
    const auto bits = [&](const std::vector<double>& latent) {
      return BinaryTrainer(network_of(c), six, 6, {}, latent).bits();
    };
    return bits(c.start) != bits(c.end);
  };
  EXPECT_GE(std::count_if(cases.begin(), cases.end(), moves), 12);
}

TEST(MeanLoss, IsThatOfTheReferenceAtBinaryValues) {
  ProblemOptions options;
  options.hidden = 2;
  options.width_choice = true;
  const Network network(options, 2);
  const std::vector<std::uint32_t> all{0, 1, 2, 3, 4, 5};
  for (Index w = 0; w < dimension(network.bits()); w += 7) {
    const FixedNetwork fixed = network.resolve(w & 3);
    EXPECT_NEAR(mean_loss(fixed, six, all, fixed.values(w >> 2)),
                reference_score(network, six, w).loss, 1e-14);
  }
}

// Every epoch takes every sample once, and the ledger is what a count by hand says.
TEST(Trial, BillsThreePassesASampleAndSelectsOnWhatItShould) {
  ProblemOptions options;
  options.train_samples = 50;
  options.test_samples = 1;
  options.hidden = 2;
  const auto problem = make_problem(options);
  for (const Selection selection : {Selection::training, Selection::validation}) {
    const TrainingTask task{problem->network(), &problem->data()->train, selection, 0.2};
    LossOracle loss(*problem, 50);
    CounterRng rng(1, Stream::baseline, 0);
    Trial trial(task, {TrainerKind::ste, 0.1, 16}, 1, rng);
    trial.train(3, loss, rng);
    const OracleBill& bill = loss.bill();
    EXPECT_EQ(loss.iterations(), 3);
    EXPECT_EQ(trial.network() & 1, 1u);
    if (selection == Selection::training) {
      // 16 + 16 + 16 + 2 samples an epoch.
      EXPECT_EQ(bill[OraclePhase::optimization].evaluations, 3u * 4);
      EXPECT_EQ(bill[OraclePhase::optimization].samples, 3u * 3 * 50);
      EXPECT_EQ(bill[OraclePhase::selection].evaluations, 3u);
      EXPECT_EQ(bill[OraclePhase::selection].samples, 3u * 50);
      EXPECT_EQ(bill[OraclePhase::validation], OracleCount{});
      EXPECT_EQ(trial.score(), loss.best().loss);
      EXPECT_EQ(trial.network(), loss.best().network);
    } else {
      EXPECT_EQ(bill[OraclePhase::optimization].evaluations, 3u * 3);  // 16 + 16 + 8
      EXPECT_EQ(bill[OraclePhase::optimization].samples, 3u * 3 * 40);
      EXPECT_EQ(bill[OraclePhase::selection], OracleCount{});
      EXPECT_EQ(bill[OraclePhase::validation].evaluations, 3u);
      EXPECT_EQ(bill[OraclePhase::validation].samples, 3u * 10);
      // The score is the reference's loss on the last ten samples.
      std::vector<double> features;
      std::vector<std::uint8_t> labels;
      for (std::size_t s = 40; s < 50; ++s) {
        const auto row = task.data->row(s);
        features.insert(features.end(), row.begin(), row.end());
        labels.push_back(task.data->labels[s]);
      }
      const DataSet last{2, std::move(features), std::move(labels)};
      EXPECT_NEAR(trial.score(), reference_score(*task.network, last, trial.network()).loss, 1e-14);
    }
    EXPECT_EQ(bill.total().samples, 3 * task.epoch_samples());
  }
}

class Nested : public ::testing::Test {
 protected:
  static ProblemOptions options() {
    ProblemOptions o;
    o.train_samples = 60;
    o.test_samples = 1;
    o.hidden = 2;  // two activations to choose from
    return o;
  }
  struct Run {
    OracleBill bill;
    Index network;
    double loss;
  };
  Run run(const NestedOptions& nested, std::uint64_t id = 0) const {
    LossOracle loss(*problem, 60);
    CounterRng rng(1, Stream::baseline, id);
    const Index network = nested_search(task, nested, loss, rng);
    EXPECT_EQ(network, loss.best().network);
    return {loss.bill(), network, loss.best().loss};
  }
  const std::unique_ptr<Problem> problem = make_problem(options());
  const TrainingTask task{problem->network(), &problem->data()->train};
};

TEST_F(Nested, BillsAllTrialsOfEveryOuterLoop) {
  const std::uint64_t epoch = task.epoch_samples();
  EXPECT_EQ(epoch, 4u * 60);
  // Grids of ste and signsgd: 2 cells × 3 rates × 2 batches; of proxquant three times as many.
  EXPECT_EQ(run({Outer::grid, TrainerKind::ste, 4}).bill.total().samples, 12 * 4 * epoch);
  EXPECT_EQ(run({Outer::grid, TrainerKind::proxquant, 2}).bill.total().samples, 36 * 2 * epoch);
  EXPECT_EQ(run({Outer::grid, TrainerKind::signsgd, 2, 3}).bill.total().samples, 36 * 2 * epoch);
  EXPECT_EQ(run({Outer::random, TrainerKind::ste, 4, 1, 7}).bill.total().samples, 7 * 4 * epoch);
  // Rungs of 12, 4 and 1 trials that have 1, 3 and 9 epochs behind them when they are judged.
  EXPECT_EQ(run({Outer::halving, TrainerKind::ste, 9}).bill.total().samples,
            (12 * 1 + 4 * 2 + 1 * 6) * epoch);
  // 36, 12, 4, 1 at 1, 1, 3, 9: no rung is shorter than an epoch.
  EXPECT_EQ(run({Outer::halving, TrainerKind::proxquant, 9}).bill.total().samples,
            (36 * 1 + 12 * 0 + 4 * 2 + 1 * 6) * epoch);
}

TEST_F(Nested, IsReproducibleAndComesNearTheMinimum) {
  std::vector<double> costs(dimension(problem->bits()));
  problem->costs(0, costs);
  std::sort(costs.begin(), costs.end());
  for (const TrainerKind inner : {TrainerKind::ste, TrainerKind::proxquant, TrainerKind::signsgd}) {
    SCOPED_TRACE(to_string(inner));
    const Run first = run({Outer::grid, inner, 9}), again = run({Outer::grid, inner, 9});
    EXPECT_EQ(first.network, again.network);
    EXPECT_EQ(first.bill, again.bill);
    EXPECT_LE(first.loss, costs[costs.size() / 20]);              // among the best twentieth
    EXPECT_NE(run({Outer::grid, inner, 9}, 1).bill, first.bill);  // another id, another course
  }
}

}  // namespace
}  // namespace qhn
