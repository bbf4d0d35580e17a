#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include "record/campaign_file.hpp"

namespace qhn {

// The names that campaign.h5 gives to the members of a campaign, one list for writing and reading.
// Descriptions and units are in record/campaign_schema.hpp.

inline constexpr const char* campaign_format = "qhn campaign";  ///< the attribute `format`

/// Calls f(name, value) for every attribute of /provenance; `p` may be const.
template <class P, class F>
void for_each_provenance_attribute(P& p, F&& f) {
  f("version", p.version);
  f("git_commit", p.git_commit);
  f("git_dirty", p.git_dirty);
  f("compiler", p.compiler);
  f("compiler_flags", p.compiler_flags);
  f("libraries", p.libraries);
  f("mpi", p.mpi);
  f("ranks", p.ranks);
  f("threads", p.threads);
  f("binding", p.binding);
  f("cpu", p.cpu);
  f("simd", p.simd);
  f("engine", p.engine);
  f("precision", p.precision);
  f("started", p.started);
  f("finished", p.finished);
  f("seed", p.seed);
  f("data_sha256", p.data_sha256);
}

/// The same for /method.
template <class M, class F>
void for_each_method_attribute(M& m, F&& f) {
  f("name", m.name);
  f("settings", m.settings);
  f("tuning_evaluations", m.tuning.evaluations);
  f("tuning_unique", m.tuning.unique);
  f("tuning_samples", m.tuning.samples);
  f("inner_samples", m.inner_samples);
}

/// Calls f(name, member) for every dataset of /energy/runs.
template <class F>
void for_each_run_column(F&& f) {
  f("run", &RunEnergy::run);
  f("restarts", &RunEnergy::restarts);
  f("pue", &RunEnergy::pue);
  f("grams_per_kwh", &RunEnergy::grams_per_kwh);
  f("meter_seconds", &RunEnergy::meter_seconds);
  f("remarks", &RunEnergy::remarks);
}

/// The same for /energy/phases, except its dataset "run": the run that a phase belongs to.
template <class F>
void for_each_phase_column(F&& f) {
  f("phase", &PhaseEnergy::phase);
  f("host", &PhaseEnergy::host);
  f("method", &PhaseEnergy::method);
  f("scope", &PhaseEnergy::scope);
  f("nodes", &PhaseEnergy::nodes);
  f("seconds", &PhaseEnergy::seconds);
  f("joules", &PhaseEnergy::joules);
  f("uncertainty", &PhaseEnergy::uncertainty);
  f("net_joules", &PhaseEnergy::net_joules);
  f("net_uncertainty", &PhaseEnergy::net_uncertainty);
  f("tick", &PhaseEnergy::tick);
  f("flops", &PhaseEnergy::flops);
  f("bytes", &PhaseEnergy::bytes);
  f("exchanged", &PhaseEnergy::exchanged);
  f("times", &PhaseEnergy::times);
}

/// Item k of a list of `size`; a list that is being read gets its size here, after its dataset was
/// found to have so many columns.
template <class List>
auto& item(List& list, std::size_t k, std::size_t size) {
  if constexpr (!std::is_const_v<List>)
    if (list.size() != size) list.resize(size);
  return list[k];
}

/// Calls f(name, columns, entry) for every dataset of /restarts that a file of `shape` has, in the
/// order of their creation. `epsilons`: how many; `bits`: of a network. `columns`: as for
/// create_dataset(). entry(record, k) is the number in column k, a reference into the record, or
/// its text.
template <class F>
void for_each_restart_column(const RecordShape& shape, std::size_t epsilons, int bits, F&& f) {
  const auto result = [&](const char* name, auto member) {
    f(
        name, 0, [=](auto& r, std::size_t) -> auto& { return r.result.*member; });
  };
  const auto cost = [&](const char* name, auto member) {
    f(
        name, 0, [=](auto& r, std::size_t) -> auto& { return r.cost.*member; });
  };
  const auto crossing = [&](const char* name, auto list, auto part) {
    if (epsilons == 0) return;
    f(
        name, epsilons, [=](auto& r, std::size_t k) -> auto& {
          return item(r.result.*list, k, epsilons).*part;
        });
  };
  const auto oracle = [&](const char* name, auto part) {
    if (!shape.oracle) return;
    f(
        name,
        std::tuple_size_v<decltype(OracleBill::phases)>, [=](auto& r, std::size_t k) -> auto& {
          return r.result.oracle.phases[k].*part;
        });
  };
  const auto score = [&](const char* name, auto member) {
    if (!shape.scores) return;
    f(
        name, 0, [=](auto& r, std::size_t) -> auto& { return r.result.scores.*member; });
  };
  result("id", &RestartResult::id);
  result("seed", &RestartResult::seed);
  result("expectation", &RestartResult::expectation);
  result("gap", &RestartResult::gap);
  result("gradient_norm", &RestartResult::gradient_norm);
  result("iterations", &RestartResult::iterations);
  result("evaluations", &RestartResult::evaluations);
  // A table index or, above 64 bits, the words of the string, the lowest first.
  f(
      "best_string", bits > 64 ? static_cast<std::size_t>(BitString(bits).words()) : 0,
      [=](auto& r, std::size_t k) -> auto& {
        auto& string = r.result.best_string;
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(r)>>)
          if (string.bits() != bits) string = BitString(bits);
        return string.word(static_cast<int>(k));
      });
  result("best_probability", &RestartResult::best_probability);
  result("best_cost", &RestartResult::best_cost);
  cost("seconds", &RestartCost::seconds);
  cost("cpu_seconds", &RestartCost::cpu_seconds);
  cost("joules", &RestartCost::joules);
  result("status", &RestartResult::status);
  const auto expectation = &RestartResult::expectation_crossings;
  const auto string = &RestartResult::string_crossings;
  crossing("expectation_crossing_iteration", expectation, &Crossing::iteration);
  crossing("expectation_crossing_evaluation", expectation, &Crossing::evaluation);
  crossing("string_crossing_iteration", string, &Crossing::iteration);
  crossing("string_crossing_evaluation", string, &Crossing::evaluation);
  oracle("oracle_evaluations", &OracleCount::evaluations);
  oracle("oracle_unique", &OracleCount::unique);
  oracle("oracle_samples", &OracleCount::samples);
  score("test_expectation", &RestartScores::test_expectation);
  score("best_test_cost", &RestartScores::best_test_cost);
  score("best_accuracy", &RestartScores::best_accuracy);
  score("best_test_accuracy", &RestartScores::best_test_accuracy);
  cost("host", &RestartCost::host);
  if (const std::size_t angles = shape.angles; angles > 0)
    f(
        "angles",
        angles, [=](auto& r, std::size_t k) -> auto& { return item(r.result.angles, k, angles); });
}

/// The type of the entries of such a dataset.
template <class Entry>
using EntryType =
    std::remove_cvref_t<std::invoke_result_t<Entry, const RestartRecord&, std::size_t>>;

}  // namespace qhn
