#pragma once

#include <deque>
#include <span>
#include <vector>

#include "circuit/block_plan.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/adjoint.hpp"
#include "engine/blocks.hpp"
#include "engine/register.hpp"

namespace qhn {

/// Runs a circuit forward and backward on a state larger than a cache, block by block through the
/// stages of its BlockPlan. A state is its real plane followed by its imaginary plane. Threads
/// share the blocks. Memory: a block of φ, and one of λ, for every thread.
template <class T>
class BlockStages {
 public:
  /// The block of one thread, and its own copy of the stages.
  struct Worker {
    struct Stage {
      RegisterSchedule<T> schedule;
      Adjoint<T> adjoint;
      explicit Stage(const Schedule& p) : schedule(p), adjoint(schedule) {}
    };
    int thread;
    std::deque<Stage> stages;  // a deque, since an Adjoint points to its schedule
    AlignedVector<T> phi, shifted_lambda;
    std::vector<double> values, derivatives;  ///< of the angles of a stage

    Worker(int thread, const BlockPlan& plan, bool gradient);
    T* lambda() { return shifted_lambda.data() + cache_shift<T>; }
    std::size_t bytes() const;
  };

  /// `in_place`: after undo() the state is back in its array; otherwise the contents of the array
  /// are undefined then.
  BlockStages(const Circuit& circuit, int block_qubits, Purpose purpose, bool in_place, int threads,
              bool gradient);

  std::size_t count() const { return plan_.stages.size(); }
  const Chunks& blocks() const { return blocks_; }
  /// Indices of the blocks of the first and the last stage.
  const BlockMap& first_map() const { return maps_.front(); }
  const BlockMap& last_map() const { return maps_.back(); }

  /// Runs all stages. begin(worker, block) fills the worker's φ in the first stage.
  /// finish(worker, chunk, block) receives the blocks of the last stage, which are not written
  /// back.
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
        w.stages[s].schedule.run_from(w.phi.data(), 1);
        if (s < last)
          scatter(s, block, w.phi.data(), phi);
        else
          finish(w, chunk, block);
      });
  }

  /// Run all stages from the state in `phi`, or from |0…0⟩ times an amplitude; write the result to
  /// `phi`.
  void run(std::span<const double> angles, T* phi);
  void run_from_zero(std::span<const double> angles, Complex amplitude, T* phi);

  /// For a forward() from |0…0⟩ times an amplitude: call begin_from_zero() before, start() as its
  /// `begin`.
  void begin_from_zero(std::span<const double> angles, Complex amplitude);
  void start(Worker& w, Index block);

  /// Sets the sums of the derivatives to 0.
  void begin_derivatives();
  /// Undoes the last stage on the worker's φ and λ.
  void undo_last(Worker& w, Index chunk, Index block, T* phi, T* lambda) {
    undo(w, count() - 1, chunk, block, phi, lambda);
  }
  /// Undoes the first `stages` stages, last one first.
  void undo(std::span<const double> angles, std::size_t stages, T* phi, T* lambda);
  /// sums[k] += derivative by angle k, chunk by chunk.
  void add_derivatives(std::span<double> sums) const;
  /// λ_0 of the whole state after all stages are undone; only for a start in |0…0⟩.
  Complex start_lambda() const;

  std::size_t bytes() const;
  static std::size_t planned_bytes(const Circuit& circuit, int block_qubits, Purpose purpose,
                                   int threads, bool gradient);

 private:
  static constexpr Index most_shares = 64;  // chunks of blocks, each with sums of its own
  static Index sums_of(const Circuit& circuit) { return static_cast<Index>(circuit.angles) + 2; }

  /// Calls body(worker, chunk, block) for all blocks.
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
