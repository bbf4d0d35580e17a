// Ties between and within the parts of a state, and what is gathered from ranks in no order.
#include <gtest/gtest.h>

#include <algorithm>

#include "comm/distributed_engine.hpp"
#include "comm/distributed_sweep.hpp"
#include "engine/execution_plan.hpp"
#include "engine/reference.hpp"
#include "support/groups.hpp"
#include "support/random_circuit.hpp"
#include "support/twins.hpp"

namespace qhn {
namespace {

std::unique_ptr<Engine> engine_of(const Ranks& ranks, const Circuit& circuit,
                                  std::vector<double>& part, const EngineOptions& options) {
  const ExecutionPlan plan = plan_execution(circuit, {.engine = options, .ranks = ranks.size()});
  part.assign(dimension(plan.part(ranks.rank()).slots()), 1.0);
  return make_distributed_engine(ranks, plan, part);
}

TEST(Order, TheLowerOfTwoStringsWinsOnEveryNumberOfRanks) {
  on_powers_of_two([](const Ranks& ranks) {
    CounterRng rng(9, Stream::synthetic, 0);
    for (const int qubits : {14, 15})
      for (int trial = 0; trial < 5; ++trial) {
        const test::Twins twins = test::random_twins(qubits, 4, trial % 2 == 1, rng);
        const Circuit circuit = make_custom_circuit(qubits, twins.gates);
        for (const Precision precision : {Precision::float64, Precision::float32})
          for (const EngineKind kind : {EngineKind::sweep, EngineKind::cut})
            for (const int block : {0, 6}) {
              if (kind == EngineKind::cut && block > 0) continue;
              EngineOptions options{kind, precision};
              options.block_qubits = block;
              std::vector<double> part;
              const auto engine = engine_of(ranks, circuit, part, options);
              const MostProbable best = engine->strings()->most_probable({});
              EXPECT_EQ(best.index, twins.low)
                  << to_string(kind) << " " << to_string(precision) << " block " << block << " on "
                  << ranks.size() << " ranks, not " << twins.high;
              EXPECT_NEAR(best.probability, 0.25, 1e-6);
            }
      }
  });
}

TEST(Order, TheMostProbableStringIsFoundOnEveryRank) {
  on_powers_of_two([](const Ranks& ranks) {
    constexpr int qubits = 14;
    const Circuit circuit = make_circuit(Family::product, qubits, 1);
    std::vector<double> angles(static_cast<std::size_t>(circuit.angles), 0.0);
    for (const EngineKind kind : {EngineKind::sweep, EngineKind::cut}) {
      std::vector<double> part;
      const auto engine = engine_of(ranks, circuit, part, {kind});
      for (Index k = 0; k < 16; ++k) {
        const Index place = k << 10 | (k * 0x155 & 0x3ff);
        for (int q = 0; q < qubits; ++q)
          angles[static_cast<std::size_t>(ry_angle(qubits, 1, q))] = bit(place, q) ? 2.8 : 0.3;
        EXPECT_EQ(engine->strings()->most_probable(angles).index, place);
      }
    }
  });
}

// Ranks whose strings lie between each other's, lists of different lengths, and empty ones.
TEST(Order, CountsOfAllRanksAreGatheredAscending) {
  on_powers_of_two([](const Ranks& ranks) {
    const auto counts_of = [&](int rank) {
      Counts counts;
      for (Index k = 0; k < static_cast<Index>(3 * rank % 7 + (rank == 0 ? 2 : 0)); ++k)
        counts.emplace_back(100 * k + static_cast<Index>(ranks.size() - 1 - rank),
                            1000 * static_cast<std::uint64_t>(rank) + k);
      return counts;
    };
    Counts expected;
    for (int r = 0; r < ranks.size(); ++r)
      for (const auto& count : counts_of(r)) expected.push_back(count);
    std::sort(expected.begin(), expected.end());
    const Counts all = ranks.gather(counts_of(ranks.rank()));
    EXPECT_EQ(all, ranks.rank() == 0 ? expected : Counts{});
    EXPECT_EQ(
        ranks.most_probable({static_cast<Index>(7 + (ranks.rank() * 5 + 3) % ranks.size()), 0.5})
            .index,
        7u);
    const bool last = ranks.rank() + 1 == ranks.size();
    EXPECT_EQ(ranks.most_probable({last ? Index{90} : Index{1}, last ? 0.5 : 0.25}).index, 90u);
  });
}

}  // namespace
}  // namespace qhn
