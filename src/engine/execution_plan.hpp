#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "circuit/exchange_plan.hpp"
#include "core/index_map.hpp"
#include "engine/engine.hpp"
#include "engine/pauli_chain.hpp"

namespace qhn {

/// What a plan is made for, besides the circuit.
struct ExecutionRequest {
  EngineOptions engine;  ///< kind: the requested engine, or automatic
  bool shots = false;    ///< states are measured, so amplitudes are kept as well
  int ranks = 1;         ///< that hold one state together
  int tables = 1;        ///< of costs, each with an engine; 2: restarts are scored on test samples
  /// Bytes that each rank may hold besides its part of the cost tables; the least of all ranks.
  double memory = std::numeric_limits<double>::infinity();
  bool fidelities = false;  ///< of two states, on one rank, which are kept as well
};

/// Memory of states on one node, in bytes. Valid for any number of qubits, however large.
struct MemoryNeed {
  int qubits = 0;
  double table = 0.0;
  double states = 0.0;  ///< all engines on the node
  double total() const { return table + states; }
};

/// Lower bound, known without the circuit: the cost table. The cut engine keeps no state.
MemoryNeed least_memory_need(int qubits);

/// How the states of one circuit are simulated, as plain data: which engine, its layout over
/// R = 2^g ranks, bytes and operations. plan_execution() makes it once, and nothing else knows what
/// `automatic` means. Engines, predictions and checks of memory read it; `qhn plan` prints it and
/// campaign.h5 stores it.
///
/// Each rank holds 2^(N−g) entries of each cost table.
///   sweep      every rank holds a part of the state; `exchanges` moves amplitudes
///   cut        there is no state: every rank runs both registers and contracts them with its rows
///              of the table; one sum over ranks of terms·(rows + columns) numbers per evaluation
///   reference  one rank holds the state
///   tensor     there is no state: a chain of tensors is contracted with the table, on one rank
struct ExecutionPlan {
  struct Alternative {
    EngineKind kind;
    double bytes;  ///< on each rank, as engine_bytes
  };

  Circuit circuit;
  /// The chosen engine, never automatic, and its options. `threads` share a state.
  EngineOptions engine;
  bool shots = false, fidelities = false;
  int ranks = 1;           ///< R
  int tables = 1;          ///< as in the request
  ExchangePlan exchanges;  ///< sweep
  CutCircuit cut;          ///< the whole circuit for sweep; what is counted as work for reference
  std::shared_ptr<const ChainPlan> chain;  ///< tensor; otherwise null

  double multiply_adds = 0.0;  ///< of one gradient, all ranks together
  double table_bytes = 0.0;    ///< of one whole cost table
  /// Of one engine on each rank, the table excluded, with one thread. Exact up to some 100 KiB;
  /// meaningless from 58 qubits on a rank on.
  double engine_bytes = 0.0;
  double shot_bytes = 0.0;  ///< the same, of the amplitudes to measure

  /// The engine not chosen, if `automatic` compared two because the cheaper one exceeds the memory.
  std::optional<Alternative> other;
  std::string reason;  ///< "cut takes fewer operations, but …"; empty: the cheaper engine is used

  int workers = 1;  ///< states that a rank simulates at once

  /// Bytes sent by each rank in one expectation, and in one with gradient (most of any rank).
  double expectation_exchange = 0.0, gradient_exchange = 0.0;

  int rank_bits() const;
  /// The table entries that belong to `rank`.
  IndexMap part(int rank) const;
  /// Bytes that a rank holds for one state on `threads` threads: all engines, without tables.
  double bytes(int threads) const;
  /// The part of these that are the two parts of a distributed state, φ and λ; 0: not distributed.
  double state_bytes() const;
  /// Memory of a node on which `states` engines, or parts of one, run at once.
  MemoryNeed memory(int states) const;
};

/// Plans one state. `automatic` takes tensor for a circuit with noise, which no other engine can
/// run; otherwise the engine with fewer operations, a cut only if every rank gets enough rows of
/// the table. If it exceeds the memory, `automatic` takes the other engine if that holds less; a
/// plan that does not fit is returned. Shots on several ranks take the statevector engine in table
/// order, so that they give the same counts as on one rank. Throws InputError, naming the possible
/// rank counts, if there is no layout.
ExecutionPlan plan_execution(const Circuit& circuit, const ExecutionRequest& request);

/// The plan with the fewest ranks that fits one rank per node of `memory` bytes; nullopt: none.
/// `request.ranks` and `request.memory` are ignored.
std::optional<ExecutionPlan> smallest_plan(const Circuit& circuit, ExecutionRequest request,
                                           double memory);

/// ExecutionRequest::memory of the ranks on a node of `memory` bytes. The node holds one copy of
/// each cost table or, if request.ranks > 1, a part of it on each rank.
double memory_for_engine(double memory, int ranks_on_node, int qubits,
                         const ExecutionRequest& request);

/// The plan as lines "key = value", for results: engine, layout, threads, bytes, operations,
/// reason.
std::string describe(const ExecutionPlan& plan);

/// For the error that `plan` does not fit nodes of `memory` bytes, the alternatives: "; cut …".
/// `request`: that of the plan.
std::string remedies(const ExecutionPlan& plan, const ExecutionRequest& request, double memory);

/// What a run has for its restarts.
struct Resources {
  int threads = 1;        ///< of this rank
  int ranks = 1;          ///< of the run
  int ranks_on_node = 1;  ///< that share memory and cache
  double cache = 0.0;     ///< bytes of the node's last-level cache; 0: unknown
  double memory = std::numeric_limits<double>::infinity();  ///< bytes of the node
};

/// Sets plan.workers and plan.engine.threads to the faster of two ways to run `restarts` restarts:
/// all threads share one state, or each thread has an independent one. Shared if there is no memory
/// for a state per thread, or if ranks hold a state together. The time is rounds of restarts × time
/// of an evaluation. Independent states are slower if they overflow a cache that one state per rank
/// fits, or nearly. The numbers were measured (bench/RESULTS.md, Shared or independent threads) and
/// stand in engine/engines.cpp and threads.cpp.
void assign_threads(ExecutionPlan& plan, const Resources& resources, std::uint64_t restarts);

/// Speedup of one gradient on `threads` threads that share a state, by Amdahl's law. The serial
/// shares were measured on two threads for each engine, by multiply-adds.
double shared_speedup(const ExecutionPlan& plan, int threads);

/// An engine for a plan on one rank. `cost` has 2^N entries in table-index order and must outlive
/// the engine. Throws InputError if the lengths disagree.
std::unique_ptr<Engine> make_engine(const ExecutionPlan& plan, std::span<const double> cost);

}  // namespace qhn
