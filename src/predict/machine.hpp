#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "predict/work.hpp"

namespace qhn {

/// A positive quantity against the number of qubits: straight lines between the points, level
/// beyond the ends. Points ascend.
struct Curve {
  std::vector<double> qubits;
  std::vector<double> values;
  double at(double n) const;
};

/// Evaluations that run at different shares of the roof: the sweep engine over the whole state and
/// in blocks (below the size from which it takes them: whole), and the cut engine with up to two,
/// up to four (pair products) and more branches (tiles); without and with gradient.
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

/// The shortest time that fma and pass allow for an evaluation on 2^n amplitudes (or table entries,
/// where it is cut), over the time it takes.
using Shares = std::array<Curve, kernels>;

/// What some cores of a node reach together on one state.
struct CoreRates {
  double fma = 0.0;  ///< flops/s of fused multiply-adds in registers
  Curve pass;        ///< bytes/s of an in-place scaling of a state of 2^n amplitudes
  Shares share;
};

/// Between two ranks that send and receive at the same time.
struct Link {
  double latency = 0.0;    ///< s
  double bandwidth = 0.0;  ///< bytes/s in each direction; of a network, for all ranks of a node
};

/// A cluster of equal nodes, as a machine file states it.
struct Machine {
  std::string name;
  std::string source;           ///< where the numbers come from
  bool measured = false;        ///< else described: somebody wrote them down
  int cores = 1;                ///< of a node
  double memory = 0.0;          ///< bytes of a node
  CoreRates one;                ///< one core
  CoreRates all;                ///< all cores of a node
  Shares each;                  ///< of one core's roof, while every core has a state of its own
  std::optional<Link> node;     ///< between ranks of a node
  std::optional<Link> network;  ///< between nodes
};

/// Ranks on nodes, as many on each.
struct Layout {
  int nodes = 1;
  int ranks_per_node = 1;
  int threads = 1;  ///< of a rank
  int ranks_per_state = 1;
  int ranks() const { return nodes * ranks_per_node; }
};

/// What one evaluation asks of each rank of a group.
struct EvaluationLoad {
  Kernel kernel = Kernel::sweep;
  Work work;
  int qubits = 0;              ///< of the part of the state (where cut: of the table) a rank holds
  double exchanged_bytes = 0;  ///< sent by a rank, and received
  double messages = 0;
};

/// Seconds of one evaluation where every state has `threads` cores of each of its ranks and all
/// `busy` cores of a node do the same. Model: max(flops/fma, bytes/pass) / share for the cores of a
/// node that work on one state, be it as threads or as ranks, alone; longer by what states beside
/// each other cost each other; for an exchange bytes over bandwidth and a latency for every
/// message. Between one core and all, shares and that cost follow the logarithm of the cores.
/// Throws InputError where the machine lacks a link it needs.
double evaluation_seconds(const Machine& machine, const EvaluationLoad& load, int threads, int busy,
                          const Layout& layout);

}  // namespace qhn
