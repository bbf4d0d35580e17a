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
#include "loops.hpp"

namespace qhn {
namespace {

constexpr int trials = 3;  // of every way to write a loop, before one is chosen

/// Runs every candidate a few times and returns the position of the fastest.
template <class Run>
std::size_t fastest(std::size_t count, int iterations, Run run) {
  using Clock = std::chrono::steady_clock;
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial <= trials; ++trial)
    for (std::size_t k = 0; k < count; ++k) {
      const auto start = Clock::now();
      for (int i = 0; i < iterations; ++i) run(k);
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      if (trial == 0 || seconds >= least) continue;  // the first round warms up
      least = seconds;
      best = k;
    }
  return best;
}

/// One contiguous piece for each thread, so that each touches its own pages first.
template <class Body>
void for_pieces(Index items, int threads, Body body) {
  const Chunks pieces(items / 64, 1, static_cast<Index>(threads));
  for_chunks(pieces, threads, [&](Index p) { body(64 * pieces.begin(p), 64 * pieces.end(p)); });
}

template <class Body>
void for_threads(int threads, Body body) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; ++t) body(static_cast<std::size_t>(t));
}

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

class PassData {
 public:
  PassData(int qubits, int threads) : size_(dimension(qubits)), threads_(threads) {
    data_.resize(2 * size_);
    reset();
  }

  void reset() {
    for_pieces(2 * size_, threads_, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) data_[i] = start(i);
    });
  }

  void run(const PassLoop& loop) {
    double *re = data_.data(), *im = re + size_;
    for_pieces(size_, threads_, [&](Index begin, Index end) {
      loop.run(re, im, begin, end, factor.real(), factor.imag());
    });
  }

  bool verify(const PassLoop& loop, bool broken) {
    reset();
    run(loop);
    if (broken) data_[0] += 1.0;
    for (Index x = 0; x < size_; ++x) {
      const Index re = loop.paired ? x / 8 * 16 + x % 8 : x;
      const Index im = loop.paired ? re + 8 : size_ + x;
      const Complex expected = factor * Complex(start(re), start(im));
      if (!near(data_[re], expected.real(), 1e-15) || !near(data_[im], expected.imag(), 1e-15))
        return false;
    }
    return true;
  }

 private:
  static double start(Index i) { return static_cast<double>(i % 1021) / 1021.0; }
  static inline const Complex factor = std::polar(1.0, 0.7);

  Index size_;
  int threads_;
  AlignedVector<double> data_;
};

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
    auto data = std::make_shared<PassData>(qubits, threads);
    const auto loops = pass_loops();
    const PassLoop loop = loops[fastest(loops.size(), std::max(1, iterations / 4),
                                        [&](std::size_t k) { data->run(loops[k]); })];
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
  const auto loops = fma_loops();
  // Every way to write it does the same work per lane; lanes differ, so compare the rates.
  std::size_t best = 0;
  double highest = 0.0;
  alignas(64) double x[most_fma_lanes] = {};
  for (std::size_t k = 0; k < loops.size(); ++k)
    for (int trial = 0; trial <= trials; ++trial) {
      const auto start = std::chrono::steady_clock::now();
      loops[k].run(x, 0.999, 0.001, steps / 4);
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      const double rate = loops[k].lanes / seconds.count();
      if (trial > 0 && rate > highest) {
        highest = rate;
        best = k;
      }
    }
  const FmaLoop loop = loops[best];
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
