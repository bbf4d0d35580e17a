#pragma once

#include <span>

#include "engine/execution_plan.hpp"

namespace qhn {

/// Serial share of the time of a gradient with at least this many multiply-adds.
struct SerialShare {
  double multiply_adds, share;
};

/// What planning and running need of an engine.
struct EngineEntry {
  EngineKind kind;
  const char* name;  ///< in experiment files and results
  bool noise;        ///< it simulates noise
  /// Fills in a plan whose circuit, options, shots and ranks are set: cut, exchanges and the bytes
  /// sent, multiply-adds of a gradient. Throws InputError if the engine cannot run that.
  void (*lay_out)(ExecutionPlan& plan);
  /// Bytes that a rank holds with these options, the table excluded.
  double (*bytes)(const ExecutionPlan& plan, const EngineOptions& options);
  /// The engine on one rank.
  std::unique_ptr<Engine> (*make)(const ExecutionPlan& plan, std::span<const double> cost);
  std::span<const SerialShare> serial_shares;  ///< measured on two threads
};

/// The entry of an engine in the table of engines.cpp, which alone lists them;
/// comm/distributed_engine.cpp has those that run on several ranks. `kind`: not automatic.
const EngineEntry& engine_entry(EngineKind kind);

}  // namespace qhn
