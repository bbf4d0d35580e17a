#pragma once

#include <functional>
#include <string>
#include <vector>

#include "perf/work.hpp"

namespace qhn {

/// How much is measured: `smoke` proves that every row works, in seconds.
enum class Extent { smoke, quick, full };

struct BenchOptions {
  Extent extent = Extent::full;
  int threads = 1;  ///< the larger of the two thread counts measured; 1 is the other
  std::string data = "data/mnist";  ///< MNIST, where it is; else synthetic images of the same shape
  std::string broken;  ///< for the tests: this benchmark's results, or "all", are falsified

  bool breaks(const std::string& benchmark) const { return broken == "all" || broken == benchmark; }

  /// The value for this extent.
  template <class T>
  T pick(T smoke, T quick, T full) const {
    return extent == Extent::smoke ? smoke : extent == Extent::quick ? quick : full;
  }
};

/// One line of bench.csv: what is measured, and its work.
struct Row {
  std::string benchmark;
  std::string start = "none";  ///< "zero": |0…0⟩, "random": a random state, "none": no circuit
  int qubits = 0;              ///< of the state or table whose size counts; 0: none
  int sublayers = 0;
  int threads = 1;
  Work work = {};
  double batch = 1.0;  ///< units of this row's time and work that one iteration of a Case holds
  double items = 0.0;  ///< of `unit` in one unit of time and work; 0: a rate would say nothing new
  std::string unit = {};
  std::string detail = {};  ///< for the reader: sizes, choices

  std::string name() const;
};

/// A row ready to be timed, with all memory it needs.
struct Task {
  std::function<void()> run;  ///< one iteration, allocating as little as the code under test
  /// Compares the results of `run` with an independent truth. Called before the timing.
  std::function<bool()> verify;
  std::string label;  ///< what `prepare` chose
};

struct Case {
  Row row;
  int iterations;  ///< of one repetition, fixed
  double bytes;    ///< of memory, about
  std::function<Task()> prepare;
};

/// The limits come first: the other rows are measured against them.
void add_limits(const BenchOptions& options, std::vector<Case>& cases);
void add_kernels(const BenchOptions& options, std::vector<Case>& cases);
void add_evaluations(const BenchOptions& options, std::vector<Case>& cases);
void add_restarts(const BenchOptions& options, std::vector<Case>& cases);
void add_tables(const BenchOptions& options, std::vector<Case>& cases);
void add_transforms(const BenchOptions& options, std::vector<Case>& cases);
/// Only where another simulator was found (QHN_LIBQUANTUM).
void add_others(const BenchOptions& options, std::vector<Case>& cases);

/// The other end of the row restarts-processes: waits for a line on standard input for every batch.
int restart_worker(const BenchOptions& options);

/// |a − b| ≤ tolerance·max(1, |b|).
bool near(double a, double b, double tolerance = 1e-12);

}  // namespace qhn
