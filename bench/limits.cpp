// The rows pass, scale, peak_fma and peak_popcount: what the machine can do.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "bench.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/random.hpp"
#include "perf/roof.hpp"

namespace qhn {
namespace {

/// Where an array of so many bytes lives.
std::string memory_level(double bytes) {
  std::string level = "DRAM";
  double smallest = std::numeric_limits<double>::infinity();
  for (const auto& cache : benchmark::CPUInfo::Get().caches)
    if (cache.type != "Instruction" && cache.size >= bytes && cache.size < smallest) {
      smallest = cache.size;
      level = fmt::format("L{}", cache.level);
    }
  return level;
}

void add_pass(const BenchOptions& options, int qubits, int threads, std::vector<Case>& cases) {
  const double bytes = 16.0 * static_cast<double>(dimension(qubits));
  const int iterations =
      static_cast<int>(std::max<Index>(1, dimension(options.pick(12, 26, 27)) >> qubits));
  const Row row{.benchmark = "pass",
                .qubits = qubits,
                .threads = threads,
                .work = {6.0 / 16 * bytes, 2 * bytes},
                .detail = memory_level(bytes)};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto data = std::make_shared<PassArrays>(qubits, threads);
    const PassLoop loop = data->fastest_loop(std::max(1, iterations / 4));
    return Task{[=] { data->run(loop); }, [=] { return data->verify(loop, broken); }, loop.name};
  };
  cases.push_back({row, iterations, bytes, prepare});
}

void add_scale(const BenchOptions& options, int qubits, int threads, std::vector<Case>& cases) {
  const Index size = dimension(qubits);
  const double bytes = 16.0 * static_cast<double>(size);
  const int iterations =
      static_cast<int>(std::max<Index>(1, dimension(options.pick(12, 26, 27)) >> qubits));
  const Row row{.benchmark = "scale",
                .qubits = qubits,
                .threads = threads,
                .work = {bytes / 16, bytes},
                .detail = memory_level(bytes)};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    struct Arrays {
      AlignedVector<double> from, to;
    };
    auto arrays = std::make_shared<Arrays>();
    arrays->from.resize(size);
    arrays->to.resize(size);
    for_pieces(size, threads, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        arrays->from[i] = static_cast<double>(i);
        arrays->to[i] = 0.0;
      }
    });
    const auto run = [=](const ScaleLoop& loop) {
      for_pieces(size, threads, [&](Index begin, Index end) {
        loop.run(arrays->from.data(), arrays->to.data(), begin, end, 3.0);
      });
    };
    const auto loops = scale_loops();
    const ScaleLoop loop = loops[fastest(loops.size(), std::max(1, iterations / 4),
                                         [&](std::size_t k) { run(loops[k]); })];
    const auto verify = [=] {
      run(loop);
      if (broken) arrays->to[0] = 1.0;
      for (Index i = 0; i < size; ++i)
        if (arrays->to[i] != 3.0 * static_cast<double>(i)) return false;
      return true;
    };
    return Task{[=] { run(loop); }, verify, loop.name};
  };
  cases.push_back({row, iterations, bytes, prepare});
}

void add_peak_fma(const BenchOptions& options, int threads, std::vector<Case>& cases) {
  const Index steps = options.pick<Index>(1000, 1 << 20, 1 << 21);
  const FmaLoop loop = fastest_fma_loop();
  const bool broken = options.breaks("peak_fma");
  const Row row{.benchmark = "peak_fma",
                .threads = threads,
                .work = {2.0 * loop.lanes * static_cast<double>(steps) * threads, 0.0}};
  const auto prepare = [=] {
    struct Lanes {
      alignas(64) double x[most_fma_lanes];
    };
    auto lanes = std::make_shared<std::vector<Lanes>>(static_cast<std::size_t>(threads));
    const auto run = [=] {
      for_threads(threads, [&](std::size_t t) {
        std::fill_n((*lanes)[t].x, most_fma_lanes, 2.0);
        loop.run((*lanes)[t].x, 1.0 - 1e-6, 1e-6, steps);
      });
    };
    const auto verify = [=] {  // x_k − 1 = a^k (x_0 − 1)
      run();
      if (broken) lanes->front().x[0] = 0.0;
      const double expected = 1.0 + std::pow(1.0 - 1e-6, static_cast<double>(steps));
      return std::ranges::all_of(*lanes, [&](const Lanes& l) {
        return std::all_of(l.x, l.x + loop.lanes,
                           [&](double v) { return near(v, expected, 1e-9); });
      });
    };
    return Task{run, verify, loop.name};
  };
  cases.push_back({row, 2, 0.0, prepare});
}

void add_peak_popcount(const BenchOptions& options, int threads, std::vector<Case>& cases) {
  constexpr Index words = 1024;
  const int sweeps = options.pick(10, 10000, 20000);
  const double count = static_cast<double>(words) * sweeps * threads;
  const Row row{.benchmark = "peak_popcount",
                .threads = threads,
                .work = {0.0, 0.0, count},
                .items = count,
                .unit = "words"};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto data = std::make_shared<AlignedVector<std::uint64_t>>(2 * words);
    CounterRng rng(1, Stream::synthetic, 0);
    for (std::uint64_t& word : *data) word = rng();
    auto counts = std::make_shared<std::vector<std::uint64_t>>(static_cast<std::size_t>(threads));
    const auto run = [=] {
      for_threads(threads, [&](std::size_t t) {
        std::uint64_t sum = 0;
        for (int i = 0; i < sweeps; ++i) {
          const std::uint64_t* a = data->data();
          benchmark::DoNotOptimize(a);
          sum += count_common_bits(a, a + words, words);
        }
        (*counts)[t] = sum;
      });
    };
    const auto verify = [=] {
      run();
      std::uint64_t expected = broken;
      for (Index i = 0; i < words; ++i)
        expected += static_cast<std::uint64_t>(std::popcount((*data)[i] & (*data)[words + i]));
      return std::ranges::all_of(*counts, [&](std::uint64_t c) {
        return c == expected * static_cast<std::uint64_t>(sweeps);
      });
    };
    return Task{run, verify, ""};
  };
  cases.push_back({row, 2, 0.0, prepare});
}

}  // namespace

void add_limits(const BenchOptions& options, std::vector<Case>& cases) {
  // L1, L2, L3 and DRAM of most machines.
  std::set<std::pair<int, int>> sizes;
  for (int qubits :
       options.pick<std::vector<int>>({8, 10}, {10, 14, 17, 20, 24}, {10, 14, 17, 20, 24, 26}))
    for (int threads : {1, options.threads}) sizes.emplace(qubits, threads);
  for (const Case& c : cases)  // and whatever the other rows are measured in
    if (c.row.qubits > 0) sizes.emplace(std::max(c.row.qubits, 6), c.row.threads);
  std::vector<Case> limits;
  for (const auto& [qubits, threads] : sizes) {
    add_scale(options, qubits, threads, limits);
    add_pass(options, qubits, threads, limits);
  }
  for (int threads : std::set{1, options.threads}) {
    add_peak_fma(options, threads, limits);
    add_peak_popcount(options, threads, limits);
  }
  cases.insert(cases.begin(), std::make_move_iterator(limits.begin()),
               std::make_move_iterator(limits.end()));
}

}  // namespace qhn
