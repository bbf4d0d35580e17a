#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "core/error.hpp"

namespace qhn {
namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// 1234.5 with unit "s" as "1.23 ks", and so on.
std::string scaled(double value, const char* unit) {
  constexpr const char* prefixes[] = {"n", "µ", "m", "", "k", "M", "G", "T", "P"};
  std::size_t k = 3;
  if (value <= 0.0) return "-";
  while (value >= 1000.0 && k < 8) value /= 1000.0, ++k;
  while (value < 1.0 && k > 0) value *= 1000.0, --k;
  return fmt::format("{:.{}f} {}{}", value,
                     value < 10    ? 2
                     : value < 100 ? 1
                                   : 0,
                     prefixes[k], unit);
}

/// Pads to `width` characters, which a µ is one of.
std::string padded(const std::string& text, std::size_t width) {
  const auto characters = static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
  return std::string(width > characters ? width - characters : 0, ' ') + text;
}

}  // namespace

Report::Report(const std::vector<Case>& cases) {
  for (const Case& c : cases) rows_.emplace(c.row.name(), c.row);
}

bool Report::ReportContext(const Context&) {
  fmt::print("{:<19}{:>7}{:>4}{:>4}{:>4}{:>10}{:>10}{:>9}{:>7}{:>12}{:>6}{:>10}{:>11}{:>10}  {}\n",
             "benchmark", "start", "N", "D", "thr", "median", "limit", "passes", "ratio", "FLOP/s",
             "peak", "B/s", "flops", "bytes", "verified, rate, how");
  std::fflush(stdout);
  return true;
}

const Result* Report::find(const std::string& benchmark, int qubits, int threads) const {
  for (const Result& r : results_)
    if (r.row.benchmark == benchmark && r.row.qubits == qubits && r.row.threads == threads)
      return &r;
  return nullptr;
}

double Report::limit_of(const Result& result) const {
  const Row& row = result.row;
  const auto seconds = [&](const char* limit, int qubits, double Work::*part) {
    const double amount = row.work.*part;
    const Result* r = find(limit, qubits, row.threads);
    return r && amount > 0.0 ? amount / (r->row.work.*part) * r->seconds : 0.0;
  };
  const int size = std::max(row.qubits, 6);
  if (row.benchmark == "pass") return seconds("scale", size, &Work::bytes);
  if (row.benchmark == "scale" || row.benchmark == "peak_fma" || row.benchmark == "peak_popcount")
    return result.seconds;
  return std::max({seconds("pass", size, &Work::bytes), seconds("peak_fma", 0, &Work::flops),
                   seconds("peak_popcount", 0, &Work::popcounts)});
}

void Report::ReportRuns(const std::vector<Run>& runs) {
  std::vector<double> seconds;
  Result result;
  std::string label;
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    if (run.error_occurred) {
      fmt::print("{}: {}\n", run.run_name.function_name, run.error_message);
      std::fflush(stdout);
      return;
    }
    seconds.push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    result.row = rows_.at(run.run_name.function_name);
    result.verified = run.counters.at("verified") != 0.0;
    label = run.report_label;
  }
  if (seconds.empty()) return;
  result.seconds = median(seconds) / result.row.batch;
  result.limit = limit_of(result);
  if (result.row.qubits > 0) {
    const Result* pass = find("pass", std::max(result.row.qubits, 6), result.row.threads);
    const bool itself = result.row.benchmark == "pass";
    result.passes = itself ? 1.0 : pass ? result.seconds / pass->seconds : 0.0;
  }
  print(result, label);
  results_.push_back(result);
}

void Report::print(const Result& result, const std::string& label) const {
  const Row& row = result.row;
  std::string tail = result.verified ? "yes" : "NO";
  if (row.items > 0) tail += ", " + scaled(row.items / result.seconds, (row.unit + "/s").c_str());
  for (const std::string& text : {row.detail, label})
    if (!text.empty()) tail += ", " + text;
  const Result* peak = find("peak_fma", 0, row.threads);
  fmt::print("{:<19}{:>7}{:>4}{:>4}{:>4}{}{}{:>9}{:>7.2f}{}{:>6}{}{}{}  {}\n", row.benchmark,
             row.start, row.qubits, row.sublayers, row.threads,
             padded(scaled(result.seconds, "s"), 10), padded(scaled(result.limit, "s"), 10),
             result.passes > 0 ? fmt::format("{:.2f}", result.passes) : "-",
             result.limit / result.seconds, padded(scaled(row.work.flops / result.seconds, ""), 12),
             peak && row.work.flops > 0
                 ? fmt::format("{:.0f} %", 100 * result.gflops() / peak->gflops())
                 : "-",
             padded(scaled(row.work.bytes / result.seconds, ""), 10),
             padded(scaled(row.work.flops, ""), 11), padded(scaled(row.work.bytes, "B"), 10), tail);
  std::fflush(stdout);
}

void Report::Finalize() {
  // Where memory limits, an in-place scaling should be as fast as STREAM's scale.
  const Result* largest = nullptr;
  for (const Result& r : results_)
    if (r.row.benchmark == "pass" && (!largest || r.row.qubits >= largest->row.qubits)) {
      largest = &r;
      if (r.row.detail == "DRAM")
        fmt::print("pass over STREAM scale in DRAM, N {}, {} threads: {:.2f} (wanted: 0.90)\n",
                   r.row.qubits, r.row.threads, r.limit / r.seconds);
    }
  for (const Result& r : results_)
    if (!r.verified) fmt::print("NOT VERIFIED: {}\n", r.row.name());
}

void Report::write_csv(const std::string& path) const {
  std::ofstream out(path);
  out << "benchmark,start,qubits,sublayers,threads,median_seconds,limit_seconds,passes,gflops,"
         "verified\n";
  for (const Result& r : results_)
    out << fmt::format("{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.6g},{:d}\n", r.row.benchmark,
                       r.row.start, r.row.qubits, r.row.sublayers, r.row.threads, r.seconds,
                       r.limit, r.passes, r.gflops(), r.verified);
  if (!out.flush()) throw RunError(path + ": cannot write");
}

bool Report::all_verified() const {
  return !results_.empty() && std::ranges::all_of(results_, &Result::verified);
}

}  // namespace qhn
