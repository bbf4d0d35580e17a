#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "comm/distributed_engine.hpp"
#include "comm/distributed_sweep.hpp"
#include "comm/distributed_wht.hpp"
#include "comm/exchange.hpp"
#include "comm/shared_parts.hpp"
#include "core/error.hpp"
#include "core/wht.hpp"
#include "engine/distributed_stage.hpp"
#include "engine/exchange_chunks.hpp"
#include "engine/execution_plan.hpp"
#include "engine/reference.hpp"
#include "report/campaign_statistics.hpp"
#include "support/groups.hpp"
#include "support/random_circuit.hpp"

namespace qhn {
namespace {

int bits_of(int ranks) { return ranks > 1 ? 1 + bits_of(ranks / 2) : 0; }

double largest(const std::vector<double>& v) {
  double m = 1e-3;
  for (double x : v) m = std::max(m, std::abs(x));
  return m;
}

std::vector<int> slots_of(const Exchange& exchange) {
  std::vector<int> slots;
  for (const auto& [slot, distributed] : exchange.swaps) slots.push_back(slot);
  return slots;
}

struct Distributed {
  ExchangePlan plan;
  std::vector<double> cost;  ///< this rank's part
  std::unique_ptr<DistributedSweep> engine;
};

Distributed make_distributed(const Ranks& ranks, const Circuit& circuit,
                             const std::vector<double>& cost, const EngineOptions& options = {},
                             bool to_measure = false) {
  Distributed s;
  s.plan = plan_execution(
               circuit, {.engine = {EngineKind::sweep}, .shots = to_measure, .ranks = ranks.size()})
               .exchanges;
  const IndexMap map = plan_for_rank(s.plan, static_cast<Index>(ranks.rank())).result;
  for (Index x = 0; x < dimension(s.plan.local_qubits); ++x) s.cost.push_back(cost[map(x)]);
  s.engine = make_distributed_sweep(ranks, circuit, s.plan, s.cost, options);
  return s;
}

void expect_agreement(const Ranks& ranks, const Circuit& circuit, std::uint64_t seed,
                      EngineKind against, double largest_angle = 6.0) {
  const auto cost = random_numbers(dimension(circuit.qubits), 0.0, 1.0, seed);
  const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -largest_angle,
                                     largest_angle, seed + 1);
  auto reference = make_engine(circuit, cost, {against});
  std::vector<double> expected(angles.size()), gradient(angles.size(), 1e300);
  const double value = reference->expectation_and_gradient(angles, expected);
  const MostProbable truth = reference->strings()->most_probable(angles);
  const auto state = reference_state(circuit, angles);
  EngineOptions whole, blocks;  // how the parts are swept
  blocks.block_qubits = std::max(1, (circuit.qubits - bits_of(ranks.size())) / 2);
  for (const EngineOptions& options : {whole, blocks}) {
    Distributed s = make_distributed(ranks, circuit, cost, options);
    for (int again = 0; again < 2; ++again) {  // buffers are reused
      ASSERT_NEAR(s.engine->expectation_and_gradient(angles, gradient), value, 1e-12);
      ASSERT_NEAR(s.engine->expectation(angles), value, 1e-12);
      for (std::size_t k = 0; k < gradient.size(); ++k)
        ASSERT_NEAR(gradient[k], expected[k], 1e-12 * largest(expected))
            << to_string(circuit.family) << " N " << circuit.qubits << " ranks " << ranks.size()
            << " blocks " << options.block_qubits << " seed " << seed << " angle " << k;
    }
    ASSERT_NEAR(s.engine->norm(angles), 1.0, 1e-12);
    const MostProbable best = s.engine->strings()->most_probable(angles);
    ASSERT_NEAR(best.probability, truth.probability, 1e-12);
    ASSERT_NEAR(std::norm(state[best.index]), truth.probability, 1e-12);
    const auto planned = static_cast<double>(distributed_sweep_bytes(s.plan, options));
    ASSERT_NEAR(static_cast<double>(s.engine->bytes()), planned, 256 << 10);
  }
}

TEST(DistributedSweep, AgreesForEveryFamily) {
  on_powers_of_two([](const Ranks& ranks) {
    for (Family family : {Family::product, Family::linear, Family::all_to_all})
      for (int sublayers : {1, 2, 4, 7})
        for (int qubits : {4, 5, 8, 9})
          expect_agreement(ranks, make_circuit(family, qubits, sublayers), 5,
                           EngineKind::reference);
  });
}

TEST(DistributedSweep, AgreesForRandomCustomCircuits) {
  on_powers_of_two([](const Ranks& ranks) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const int qubits = 4 + static_cast<int>(seed % 4);
      expect_agreement(ranks, random_custom(qubits, 60, seed), seed, EngineKind::reference);
    }
  });
}

// The reference reduces each angle by itself (tests/gradient); sums of them lose nothing here.
TEST(DistributedSweep, AgreesForLargeAngles) {
  on_powers_of_two([](const Ranks& ranks) {
    for (const double largest_angle : {1e3, 1e12, 2e20})
      for (std::uint64_t seed = 1; seed <= 6; ++seed)
        expect_agreement(ranks, random_custom(5, 60, seed), seed, EngineKind::reference,
                         largest_angle);
  });
}

TEST(DistributedSweep, AgreesForLargerStates) {
  on_powers_of_two([](const Ranks& ranks) {
    const int qubits = ranks.size() == 2 ? 17 : 14;  // qhn_scaling compares 20
    if (ranks.size() > 1)
      expect_agreement(ranks, make_circuit(Family::linear, qubits, 6), 3, EngineKind::sweep);
  });
}

// Chunks through shared memory, as messages, and as messages between pairs that share, on one
// thread a rank and on three; the last stage runs in blocks.
TEST(DistributedSweep, EveryWayToSendGivesTheSame) {
  on_powers_of_two([](const Ranks& group) {
    if (group.size() == 1) return;
    const Circuit circuit = make_circuit(Family::linear, 16, 4);
    const auto cost = random_numbers(dimension(16), 0.0, 1.0, 3);
    const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 4);
    auto reference = make_engine(circuit, cost, {EngineKind::sweep});
    std::vector<double> expected(angles.size());
    const double value = reference->expectation_and_gradient(angles, expected);
    std::vector<std::vector<double>> gradients;
    const std::pair<int, int> ways[] = {{1, 1}, {2, 1}, {8, 1}, {1, 3}, {8, 3}};
    for (const auto& [most_sharing, threads] : ways) {
      const Ranks ranks(group.comm(), most_sharing);
      Distributed s =
          make_distributed(ranks, circuit, cost, {EngineKind::sweep, Precision::float64, threads});
      ASSERT_NE(
          block_slots(s.plan.stages.back(), slots_of(s.plan.exchanges.back()),
                      exchange_chunk_bits<double>(s.plan.local_qubits, bits_of(ranks.size()))),
          0u);
      std::vector<double> gradient(angles.size());
      EXPECT_NEAR(s.engine->expectation_and_gradient(angles, gradient), value, 1e-12);
      for (std::size_t k = 0; k < gradient.size(); ++k)
        ASSERT_NEAR(gradient[k], expected[k], 1e-12 * largest(expected)) << "angle " << k;
      gradients.push_back(gradient);
      EXPECT_EQ(gradient, gradients.front());
    }
  });
}

TEST(DistributedSweep, SinglePrecisionIsClose) {
  on_powers_of_two([](const Ranks& ranks) {
    const Circuit circuit = make_circuit(Family::linear, 9, 4);
    const auto cost = random_numbers(dimension(9), 0.0, 1.0, 1);
    const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -3.0, 3.0, 2);
    auto reference = make_engine(circuit, cost, {EngineKind::reference});
    Distributed s = make_distributed(ranks, circuit, cost, {EngineKind::sweep, Precision::float32});
    EXPECT_NEAR(s.engine->expectation(angles), reference->expectation(angles), 1e-5);
  });
}

// The table distributed by rows, the registers on every rank.
TEST(DistributedCut, AgreesForEveryFamily) {
  on_powers_of_two([](const Ranks& ranks) {
    for (Family family : {Family::product, Family::linear, Family::all_to_all})
      for (int sublayers : {1, 2, 4, 6}) {  // 1 to 64 branches: pairs and amplitudes
        const Circuit circuit = make_circuit(family, 14, sublayers);
        const auto cost = random_numbers(dimension(14), 0.0, 1.0, 3);
        const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 4);
        auto reference = make_engine(circuit, cost, {EngineKind::sweep});
        std::vector<double> expected(angles.size()), gradient(angles.size());
        const double value = reference->expectation_and_gradient(angles, expected);
        const ExecutionPlan plan =
            plan_execution(circuit, {.engine = {EngineKind::cut}, .ranks = ranks.size()});
        const IndexMap map = plan.part(ranks.rank());
        std::vector<double> part;
        for (Index x = 0; x < dimension(map.slots()); ++x) part.push_back(cost[map(x)]);
        auto engine = make_distributed_engine(ranks, plan, part);
        ASSERT_EQ(engine->kind(), EngineKind::cut);
        for (int again = 0; again < 2; ++again) {
          ASSERT_NEAR(engine->expectation_and_gradient(angles, gradient), value, 1e-12);
          ASSERT_NEAR(engine->expectation(angles), value, 1e-12);
          for (std::size_t k = 0; k < gradient.size(); ++k)
            ASSERT_NEAR(gradient[k], expected[k], 1e-12 * largest(expected))
                << to_string(family) << " D " << sublayers << " ranks " << ranks.size();
          const auto best = engine->strings()->most_probable(angles),
                     truth = reference->strings()->most_probable(angles);
          ASSERT_EQ(best.index, truth.index);
          ASSERT_NEAR(best.probability, truth.probability, 1e-12);
        }
        if (ranks.size() == 1) continue;
        const Traffic before = ranks.traffic();
        engine->expectation_and_gradient(angles, gradient);
        EXPECT_LE(static_cast<double>(ranks.traffic().summed_bytes - before.summed_bytes),
                  1.01 * plan.gradient_exchange + 64);
      }
  });
}

ExecutionPlan plan_on(const Circuit& circuit, int ranks, const EngineOptions& engine,
                      double memory = std::numeric_limits<double>::infinity()) {
  return plan_execution(circuit, {.engine = engine, .ranks = ranks, .memory = memory});
}

TEST(ExecutionPlan, RefusesWhatCannotBe) {
  const Circuit circuit = make_circuit(Family::linear, 6, 2);
  EXPECT_THROW(plan_on(circuit, 3, {}), InputError);
  EXPECT_THROW(plan_on(circuit, 64, {}), InputError);
  EXPECT_THROW(plan_on(circuit, 2, {EngineKind::reference}), InputError);
  EXPECT_THROW(plan_on(circuit, 8, {EngineKind::cut}), InputError);  // one row each
  EXPECT_EQ(plan_on(circuit, 8, {}).engine.kind, EngineKind::sweep);
}

// A cut's registers do not shrink with the ranks, parts of a state do.
TEST(ExecutionPlan, TakesTheCheapestEngineThatFits) {
  const Circuit circuit = make_circuit(Family::linear, 14, 10);
  const double cut = plan_on(circuit, 8, {EngineKind::cut}).engine_bytes,
               sweep = plan_on(circuit, 8, {EngineKind::sweep}).engine_bytes;
  ASSERT_GT(cut, sweep);
  EXPECT_EQ(plan_on(circuit, 8, {}).engine.kind, EngineKind::cut);
  const ExecutionPlan fits = plan_on(circuit, 8, {}, cut);
  EXPECT_EQ(fits.engine.kind, EngineKind::cut);
  EXPECT_FALSE(fits.other);
  EXPECT_TRUE(fits.reason.empty());
  // Short of the cut by a byte, short of both, and with nothing left by the table.
  for (const double memory : {cut - 1, sweep - 1, -1.0}) {
    const ExecutionPlan plan = plan_on(circuit, 8, {}, memory);
    EXPECT_EQ(plan.engine.kind, EngineKind::sweep);
    EXPECT_EQ(plan.exchanges.local_qubits, 11);
    ASSERT_TRUE(plan.other);
    EXPECT_EQ(plan.other->kind, EngineKind::cut);
    EXPECT_EQ(plan.other->bytes, cut);
    EXPECT_EQ(plan.reason.empty(), memory < sweep);
  }
  // An engine that is asked for is taken.
  EXPECT_EQ(plan_on(circuit, 8, {EngineKind::cut}, 0.0).engine.kind, EngineKind::cut);
  // Floats halve everything but the table in their precision.
  EngineOptions floats;
  floats.precision = Precision::float32;
  EXPECT_EQ(plan_on(circuit, 8, floats, cut - 1).engine.kind, EngineKind::cut);
}

TEST(DistributedWalshHadamard, EqualsTheLocalOne) {
  on_powers_of_two([](const Ranks& ranks) {
    const auto whole = random_numbers(dimension(9), -1.0, 1.0, 5);
    auto expected = whole;
    walsh_hadamard(expected);
    const std::size_t length = whole.size() / static_cast<std::size_t>(ranks.size());
    const auto begin = static_cast<std::ptrdiff_t>(length * static_cast<std::size_t>(ranks.rank()));
    std::vector<double> part(whole.begin() + begin,
                             whole.begin() + begin + static_cast<std::ptrdiff_t>(length));
    walsh_hadamard(ranks, part);
    for (std::size_t i = 0; i < length; ++i)
      EXPECT_NEAR(part[i], expected[i + static_cast<std::size_t>(begin)], 1e-12);
  });
}

// Issue: one exchange forward and one backward up to D = 2L − N + 2, in the run as in the plan.
TEST(DistributedSweep, SendsWhatThePlanSays) {
  on_powers_of_two([](const Ranks& ranks) {
    const int bits = bits_of(ranks.size()), qubits = 11;
    if (bits == 0) return;
    const int most = 2 * (qubits - bits) - qubits + 2;
    for (int sublayers : {2, 3, most}) {
      const Circuit circuit = make_circuit(Family::linear, qubits, sublayers);
      const auto cost = random_numbers(dimension(qubits), 0.0, 1.0, 1);
      const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -3.0, 3.0, 2);
      Distributed s = make_distributed(ranks, circuit, cost);
      ASSERT_EQ(s.plan.exchanges.size(), 1u) << "D " << sublayers;
      const Traffic before = ranks.traffic();
      s.engine->expectation(angles);
      EXPECT_EQ(ranks.traffic().exchanges - before.exchanges, 1u);
      const double state = 16.0 * static_cast<double>(dimension(qubits - bits));
      EXPECT_EQ(static_cast<double>(ranks.traffic().exchanged_bytes - before.exchanged_bytes),
                s.plan.exchanged_states() * state);
      std::vector<double> gradient(angles.size());
      s.engine->expectation_and_gradient(angles, gradient);
      EXPECT_EQ(ranks.traffic().exchanges - before.exchanges, 3u);
      EXPECT_EQ(static_cast<double>(ranks.traffic().exchanged_bytes - before.exchanged_bytes),
                4 * s.plan.exchanged_states() * state);
    }
  });
}

// In table order, the strings that one rank would come up with; else others, as likely.
TEST(DistributedSweep, MeasuresTheDistribution) {
  constexpr std::uint64_t few = 500, shots = 50000;
  const CounterRng rng(7, Stream::shots, 0);
  const auto all_counts = [&](const Ranks& ranks, Distributed& s, const std::vector<double>& angles,
                              std::uint64_t count) {
    std::vector<double> counts(dimension(s.plan.qubits), 0.0);
    for (const auto& [w, n] : s.engine->measure(angles, count, rng)) {
      counts[w] = static_cast<double>(n);
      EXPECT_GT(s.engine->measured_probability(w), 0.0);
    }
    ranks.sum(std::span<double>(counts));
    return counts;
  };
  on_powers_of_two([&](const Ranks& ranks) {
    std::vector<Circuit> circuits;
    for (Family family : {Family::product, Family::linear, Family::all_to_all})
      circuits.push_back(make_circuit(family, 6, 3));
    for (std::uint64_t seed = 1; seed <= 8; ++seed) circuits.push_back(random_custom(5, 40, seed));
    for (const Circuit& circuit : circuits) {
      const std::vector<double> cost(dimension(circuit.qubits), 1.0);
      const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -3.0, 3.0, 2);
      const auto state = reference_state(circuit, angles);
      std::vector<double> expected(state.size(), 0.0);
      for (const auto& [w, n] : measure(state, few, rng, 1)) expected[w] = static_cast<double>(n);
      Distributed in_order = make_distributed(ranks, circuit, cost, {}, true);
      EXPECT_EQ(all_counts(ranks, in_order, angles, few), expected);
      if (circuit.family != Family::linear) continue;

      Distributed s = make_distributed(ranks, circuit, cost);
      const std::vector<double> counts = all_counts(ranks, s, angles, shots);
      double total = 0.0, chi2 = 0.0;
      for (Index w = 0; w < state.size(); ++w) {
        const double mean = shots * std::norm(state[w]);
        total += counts[w];
        if (mean > 5.0) chi2 += (counts[w] - mean) * (counts[w] - mean) / mean;
      }
      EXPECT_EQ(total, shots);
      EXPECT_LT(chi2, 120.0);  // 63 degrees of freedom: exceeded once in 1e5 seeds
    }
  });
}

// Every element carries where it came from; what is done alongside sees each one once.
void expect_swapped(const Ranks& ranks, int local, const std::vector<int>& slots, Index inner) {
  RankExchange exchange{slots, static_cast<Index>(ranks.rank()), {}};
  for (int d = 0; d < ranks.size(); ++d) exchange.peer.push_back(ranks.rank() ^ d);
  const Index size = dimension(local);
  Index swapped = 0;
  for (int slot : slots) swapped |= dimension(slot);
  const auto label = [&](int plane, int rank, Index x) {
    return static_cast<double>(((static_cast<Index>(plane) << 4 | static_cast<Index>(rank)) << 32) |
                               x);
  };
  const auto expected = [&](int plane, Index x) {
    int from = 0;
    Index there = x & ~swapped;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      from |= bit(x, slots[i]) << i;
      if (bit(exchange.kept, static_cast<int>(i))) there |= dimension(slots[i]);
    }
    return label(plane, from, there);
  };
  std::vector<double> state(2 * size);
  for (Index x = 0; x < size; ++x)
    for (int plane : {0, 1})
      state[static_cast<Index>(plane) * size + x] = label(plane, ranks.rank(), x);
  std::vector<int> left(size), come(size);
  Exchanger<double> exchanger(ranks, local, 1);
  const auto elements = [&](Index base, Index varying, auto work) {
    EXPECT_EQ(inner & ~varying, 0u);
    for (Index x = 0; x < size; ++x)
      if ((x & ~(varying | swapped)) == base) work(x);
  };
  exchanger.run(exchange, {state.data(), state.data() + size},
                {.inner = inner,
                 .before =
                     [&](Index base, Index varying) {
                       elements(base, varying, [&](Index x) {
                         left[x] += state[size + x] == label(1, ranks.rank(), x);
                       });
                     },
                 .after =
                     [&](Index base, Index varying) {
                       elements(base, varying, [&](Index x) {
                         come[x] += state[size + x] == expected(1, x) && state[x] == expected(0, x);
                       });
                     }});
  EXPECT_EQ(left, std::vector<int>(size, 1));
  EXPECT_EQ(come, std::vector<int>(size, 1));
  exchanger.run(exchange, {state.data(), state.data() + size});
  for (Index x = 0; x < size; ++x) ASSERT_EQ(state[x], label(0, ranks.rank(), x));
}

TEST(Exchanger, MovesEveryElement) {
  on_powers_of_two([](const Ranks& group) {
    const std::size_t bits = static_cast<std::size_t>(bits_of(group.size()));
    if (bits == 0) return;
    constexpr int local = 13;  // chunks of 256 elements
    for (int most_sharing : {1, 2, 8})
      for (std::vector<int> slots :
           {std::vector{12, 11, 10}, {0, 1, 2}, {1, 3, 7}, {8, 2, 5}, {4, 5, 6}, {3, 12, 4}}) {
        slots.resize(bits);
        Index inner = 0b1001'0010'0000;  // slots that are not swapped
        for (int slot : slots) inner &= ~dimension(slot);
        expect_swapped(Ranks(group.comm(), most_sharing), local, slots, inner);
      }
    if (bits == 1) expect_swapped(group, 20, {19}, 0);  // chunks of more than a row
  });
}

TEST(SharedParts, AreSeenByOthersOrByNobody) {
  on_powers_of_two([](const Ranks& group) {
    const Ranks ranks(group.comm(), 2);
    const int size = ranks.size(), me = ranks.rank();
    const SharedParts shared(ranks.comm(), ranks.node(), 100);
    for (int r = 0; r < size; ++r)
      EXPECT_EQ(shared.part(r) != nullptr, size > 1 && r / 2 == me / 2) << r;
    const SharedParts too_large(ranks.comm(), ranks.node(), std::size_t{1} << 55);
    for (int r = 0; r < size; ++r) EXPECT_EQ(too_large.part(r), nullptr);
    if (size == 1) return;
    EXPECT_EQ(shared.part(me ^ 1)[99], std::byte{0});
    MPI_Barrier(ranks.comm());
    shared.part(me ^ 1)[99] = static_cast<std::byte>(me + 1);
    MPI_Barrier(ranks.comm());
    EXPECT_EQ(shared.part(me)[99], static_cast<std::byte>((me ^ 1) + 1));
  });
}

TEST(BlockSlots, HoldWhatTheStageNeeds) {
  const ExchangePlan plan =
      plan_exchanges(make_circuit(Family::linear, 24, 4), 23, Purpose::expectation);
  const std::vector<int> swapped = slots_of(plan.exchanges[0]);
  ASSERT_EQ(swapped, std::vector{22});
  EXPECT_EQ(block_slots(plan.stages[1], swapped, 15), dimension(22) | 0x1ff);
  EXPECT_EQ(block_slots(plan.stages[1], swapped, 8), 0u);  // chunks of too few elements
  const Stage& all = plan.stages[0];                       // acts on every slot
  EXPECT_EQ(block_slots(all, swapped, 22), 0u);
}

TEST(Ranks, SumsInOneOrderForAll) {
  on_powers_of_two([](const Ranks& ranks) {
    for (std::size_t length : {1u, 3u, 8u, 1001u}) {
      std::vector<double> expected(length, 0.0);
      for (int r = 0; r < ranks.size(); ++r) {
        const auto part = random_numbers(length, -1.0, 1.0, static_cast<std::uint64_t>(r) + 1);
        for (std::size_t i = 0; i < length; ++i) expected[i] += part[i];
      }
      auto mine = random_numbers(length, -1.0, 1.0, static_cast<std::uint64_t>(ranks.rank()) + 1);
      ranks.sum(std::span<double>(mine));
      for (std::size_t i = 0; i < length; ++i) EXPECT_NEAR(mine[i], expected[i], 1e-14);
      std::vector<double> first = mine;
      MPI_Bcast(first.data(), static_cast<int>(length), MPI_DOUBLE, 0, ranks.comm());
      EXPECT_EQ(first, mine);  // to the bit
    }
  });
}

TEST(Ranks, RefusesThree) {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size == 3) {
    EXPECT_THROW(Ranks{MPI_COMM_WORLD}, InputError);
  } else {
    EXPECT_NO_THROW(Ranks{MPI_COMM_WORLD});
  }
}

// What comes from the ranks in turn is in the order of the bit strings, whichever rank had them,
// and no rank's is there twice or missing.
TEST(Ranks, CountsOfAllRanksAreGatheredInOrder) {
  on_powers_of_two([](const Ranks& ranks) {
    Counts mine;  // rank r of n: n − 1 − r, 2n − 1 − r, …, as many as its number and one
    for (int k = 0; k <= ranks.rank(); ++k)
      mine.push_back({static_cast<Index>((k + 1) * ranks.size() - 1 - ranks.rank()),
                      static_cast<std::uint64_t>(100 * ranks.rank() + k)});
    const Counts all = ranks.gather(mine);
    if (ranks.rank() != 0) return;
    Counts expected;
    for (int index = 0; index < ranks.size() * ranks.size(); ++index) {
      const int k = index / ranks.size(), rank = ranks.size() - 1 - index % ranks.size();
      if (k <= rank)
        expected.push_back({static_cast<Index>(index), static_cast<std::uint64_t>(100 * rank + k)});
    }
    EXPECT_EQ(all, expected);
  });
}

// The most probable string is the same whichever rank holds it; of equally probable ones the
// lowest.
TEST(Ranks, TheMostProbableOfAllRanks) {
  on_powers_of_two([](const Ranks& ranks) {
    const auto n = static_cast<Index>(ranks.size());
    for (Index holder = 0; holder < n; ++holder) {
      MostProbable mine{};
      mine.index = n - 1 - static_cast<Index>(ranks.rank());
      mine.probability = mine.index == holder ? 0.5 : 0.25;
      EXPECT_EQ(ranks.most_probable(mine).index, holder);
      mine.probability = 0.25;
      EXPECT_EQ(ranks.most_probable(mine).index, 0u);
    }
  });
}

}  // namespace
}  // namespace qhn
