#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "perf/work.hpp"

namespace qhn {

/// A positive quantity as a function of the number of qubits: linear between the points, constant
/// beyond the ends. `qubits` ascends.
struct Curve {
  std::vector<double> qubits;
  std::vector<double> values;
  double at(double n) const;
};

/// Evaluations that run at different shares of the roof: the statevector engine on the whole state
/// and block by block (whole if the state is too small for blocks), and the cut engine with up to
/// two, up to four (pair products) and more branches (tiles); without and with gradient.
enum class Kernel {
  sweep,
  sweep_gradient,
  blocks,
  blocks_gradient,
  cut_2,
  cut_2_gradient,
  cut_4,
  cut_4_gradient,
  cut_more,
  cut_more_gradient
};
inline constexpr std::size_t kernels = 10;
const char* to_string(Kernel kernel);

/// For each kernel: shortest time of an evaluation by fma and pass, divided by its time; on 2^n
/// amplitudes (cut engine: table entries).
using Shares = std::array<Curve, kernels>;

/// Rates that one core, or all cores of a node together, reach on one state.
struct CoreRates {
  double fma = 0.0;  ///< flops/s of fused multiply-adds in registers
  Curve pass;        ///< bytes/s of an in-place scaling of a state of 2^n amplitudes
  Shares share;
};

/// Link between two ranks that send and receive at the same time.
struct Link {
  double latency = 0.0;    ///< s
  double bandwidth = 0.0;  ///< bytes/s in each direction; of a network, for all ranks of a node
};

/// A cluster of equal nodes, as described by a machine file.
struct Machine {
  std::string name;
  std::string source;           ///< where the numbers come from
  bool measured = false;        ///< false: described, the numbers come from `source`
  int cores = 1;                ///< of a node
  double memory = 0.0;          ///< bytes of a node
  CoreRates one;                ///< one core
  CoreRates all;                ///< all cores of a node
  Shares each;                  ///< of one core's roof, with an independent state on every core
  std::optional<Link> node;     ///< between ranks of a node
  std::optional<Link> network;  ///< between nodes
};

/// Layout of ranks on nodes, equal on each node.
struct Layout {
  int nodes = 1;
  int ranks_per_node = 1;
  int threads = 1;  ///< per rank
  int ranks_per_state = 1;
  int ranks() const { return nodes * ranks_per_node; }
};

/// Load of each rank of a group in one evaluation.
struct EvaluationLoad {
  Kernel kernel = Kernel::sweep;
  Work work;
  int qubits = 0;              ///< of the part of the state (cut engine: of the table) on a rank
  double exchanged_bytes = 0;  ///< sent by a rank; it receives as many
  double messages = 0;
};

/// Predicted seconds of one evaluation, with `threads` cores for each rank of a state and all
/// `busy` cores of a node working on such evaluations. Model: max(flops/fma, bytes/pass) / share
/// for the cores of a node that share one state, as threads or as ranks, times the slowdown by
/// other states on the node, plus, for an exchange, bytes/bandwidth and a latency per message.
/// Between one core and all cores, shares and slowdown are interpolated in the logarithm of the
/// cores. Throws InputError if the machine lacks a link that the layout needs.
double evaluation_seconds(const Machine& machine, const EvaluationLoad& load, int threads, int busy,
                          const Layout& layout);

}  // namespace qhn
