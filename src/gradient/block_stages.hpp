#pragma once

#include <deque>
#include <span>
#include <vector>

#include "circuit/block_plan.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "gradient/adjoint.hpp"
#include "state/blocks.hpp"
#include "state/register.hpp"

namespace qhn {

/// A circuit on a state larger than a cache, run both ways block by block through the stages of its
/// BlockPlan. States are real and imaginary planes behind one another; threads share the blocks.
/// Memory: a block of φ, and one of λ, for every thread.
template <class T>
class BlockStages {
 public:
  /// One thread's block and the stages as it runs them.
  struct Worker {
    struct Stage {
      RegisterProgram<T> program;
      Adjoint<T> adjoint;
      explicit Stage(const Program& p) : program(p), adjoint(program) {}
    };
    int thread;
    std::deque<Stage> stages;  // an Adjoint holds on to its program
    AlignedVector<T> phi, shifted_lambda;
    std::vector<double> values, derivatives;  ///< of a stage's angles

    Worker(int thread, const BlockPlan& plan, bool gradient);
    T* lambda() { return shifted_lambda.data() + cache_shift<T>; }
    std::size_t bytes() const;
  };

  /// `in_place`: undone, the state lies where it lay before the first stage; else what is left of
  /// it there is of no use.
  BlockStages(const Circuit& circuit, int block_qubits, Purpose purpose, bool in_place, int threads,
              bool gradient);

  std::size_t count() const { return plan_.stages.size(); }
  const Chunks& blocks() const { return blocks_; }
  /// Where the blocks of the first and the last stage lie.
  const BlockMap& first_map() const { return maps_.front(); }
  const BlockMap& last_map() const { return maps_.back(); }

  /// All stages: begin(worker, block) fills the worker's φ, finish(worker, chunk, block) gets the
  /// blocks of the last stage, which are not put back.
  template <class Begin, class Finish>
  void forward(std::span<const double> angles, T* phi, Begin begin, Finish finish) {
    const std::size_t last = count() - 1;
    for (std::size_t s = 0; s <= last; ++s)
      for_blocks([&](Worker& w, Index chunk, Index block) {
        set_angles(w, s, block, angles);
        if (s > 0)
          gather(s, block, phi, w.phi.data());
        else
          begin(w, block);
        w.stages[s].program.run_from(w.phi.data(), 1);
        if (s < last)
          scatter(s, block, w.phi.data(), phi);
        else
          finish(w, chunk, block);
      });
  }

  /// From what lies there, and from |0…0⟩ times an amplitude.
  void run(std::span<const double> angles, T* phi);
  void run_from_zero(std::span<const double> angles, Complex amplitude, T* phi);

  /// Before a forward() from |0…0⟩ times an amplitude, and its `begin`.
  void begin_from_zero(std::span<const double> angles, Complex amplitude);
  void start(Worker& w, Index block);

  /// Derivatives are summed since this.
  void begin_derivatives();
  /// Back through the last stage with the φ and λ that the worker has.
  void undo_last(Worker& w, Index chunk, Index block, T* phi, T* lambda) {
    undo(w, count() - 1, chunk, block, phi, lambda);
  }
  /// Back through the first `stages` stages.
  void undo(std::span<const double> angles, std::size_t stages, T* phi, T* lambda);
  /// sums[k] += what was found for angle k, chunk by chunk.
  void add_derivatives(std::span<double> sums) const;
  /// From zero: λ_0 of the whole state once all is undone.
  Complex start_lambda() const;

  std::size_t bytes() const;
  static std::size_t planned_bytes(const Circuit& circuit, int block_qubits, Purpose purpose,
                                   int threads, bool gradient);

 private:
  static constexpr Index most_shares = 64;  // of blocks; each has its own sums of the derivatives
  static Index sums_of(const Circuit& circuit) { return static_cast<Index>(circuit.angles) + 2; }

  /// body(worker, chunk, block) for all blocks.
  template <class Body>
  void for_blocks(Body body) {
    for_chunks(blocks_, threads_, [&](Index chunk) {
      Worker& worker = workers_[threads_ > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0];
      for (Index block = blocks_.begin(chunk); block < blocks_.end(chunk); ++block)
        body(worker, chunk, block);
    });
  }

  void set_angles(Worker& w, std::size_t s, Index block, std::span<const double> angles);
  void gather(std::size_t s, Index block, const T* state, T* planes);
  void scatter(std::size_t s, Index block, const T* planes, T* state);
  void undo(Worker& w, std::size_t s, Index chunk, Index block, T* phi, T* lambda);
  void start_derivatives(Worker& w, Index block, double* sums);

  BlockPlan plan_;
  bool from_zero_, in_place_;
  int threads_;
  std::vector<BlockMap> maps_;  ///< by stage
  Chunks blocks_;
  Index size_, block_;                 ///< amplitudes of the state and of a block
  Complex amplitude_ = 1.0;            ///< of the start
  std::vector<double> cosine_, sine_;  ///< of plan_.start
  Index row_;                          ///< sums of a chunk: derivatives, then start_lambda()
  std::vector<double> sums_;           ///< [chunk][row_]
  std::deque<Worker> workers_;         ///< by thread
};

}  // namespace qhn
