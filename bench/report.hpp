#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "bench.hpp"

namespace qhn {

/// A row with what was measured.
struct Result {
  Row row;
  double seconds = 0.0;  ///< median over the repetitions
  double limit = 0.0;    ///< seconds that the limits of the machine allow
  double passes = 0.0;   ///< seconds in passes of the same size and threads; 0 without qubits
  bool verified = false;

  double gflops() const { return row.work.flops / seconds / 1e9; }
};

/// Collects the results as Google Benchmark delivers them and prints a line for each. The limits
/// must come first.
class Report final : public benchmark::BenchmarkReporter {
 public:
  explicit Report(const std::vector<Case>& cases);

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  void write_csv(const std::string& path) const;
  /// Whether every row that was asked for is there and verified.
  bool all_verified() const;

 private:
  const Result* find(const std::string& benchmark, int qubits, int threads) const;
  double limit_of(const Result& result) const;
  void print(const Result& result, const std::string& label) const;

  std::map<std::string, Row> rows_;  // by name
  std::vector<Result> results_;
};

}  // namespace qhn
