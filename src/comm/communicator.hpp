#pragma once

#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace qhn {

/// An error of one rank.
struct RankFailure {
  std::string message;
  bool input = false;  ///< an InputError
  int rank = -1;       ///< the rank's number in messages; -1: its rank in the communicator
};

/// An MPI communicator, owned or borrowed; none (MPI_COMM_NULL) on ranks that split() left out. The
/// destructor frees an owned one, collectively, unless MPI has ended. Converts to MPI_Comm, for
/// calls of MPI. All functions below rank() and size() are collective.
class Communicator {
 public:
  Communicator() = default;  ///< none
  /// Borrows `comm`, which must outlive this.
  explicit Communicator(MPI_Comm comm) : Communicator(comm, false) {}
  ~Communicator();
  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator other) noexcept;

  operator MPI_Comm() const { return comm_; }
  explicit operator bool() const { return comm_ != MPI_COMM_NULL; }
  int rank() const { return rank_; }
  int size() const { return size_; }

  /// The same ranks, whose messages cannot be mistaken for those of this communicator.
  Communicator duplicate() const;
  /// The ranks of this `color`, in their order here; none if `color` is MPI_UNDEFINED.
  Communicator split(int color) const;
  /// The ranks on this rank's node: those that can share memory with it.
  Communicator node() const;
  /// The lowest rank on this rank's node.
  int first_on_node() const;
  /// first_on_node() of each rank.
  std::vector<int> nodes() const;

  /// `value` ← that of rank `root`.
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void broadcast(T& value, int root = 0) const { broadcast_bytes(&value, sizeof value, root); }
  void broadcast(std::string& text, int root = 0) const;
  void broadcast(std::vector<std::byte>& bytes, int root = 0) const;
  /// Also more bytes than fit into an MPI count.
  void broadcast_bytes(void* data, std::size_t bytes, int root = 0) const;
  /// `mine` of all ranks, in their order, on rank 0; empty elsewhere. At most 2 GiB altogether.
  std::vector<std::string> gather(std::string_view mine) const;

  /// The failure of the lowest rank that has one, on all ranks; nullopt if none has.
  std::optional<RankFailure> first_failure(std::optional<RankFailure> mine) const;
  /// Runs `work` on every rank, then agrees on the outcome: if it threw on any rank, all throw what
  /// throw_agreed() does with the message of that exception. Also a barrier.
  void agree(const std::function<void()>& work) const;

 private:
  Communicator(MPI_Comm comm, bool owned);

  MPI_Comm comm_ = MPI_COMM_NULL;
  bool owned_ = false;
  int rank_ = 0, size_ = 0;
};

/// `failure` is this rank's error message; empty: no error. If any rank has an error, every rank
/// throws the same RunError, with the message of the lowest such rank and, of several ranks, its
/// number: `called` or, if that is -1, its rank in `comm`. Collective over `comm`.
void throw_agreed(MPI_Comm comm, const std::string& failure, int called = -1);

/// Waits until `request` is complete. Sleeps `between_looks` between tests instead of spinning:
/// other ranks need the cores. Calls `meanwhile` before each sleep.
void wait_asleep(MPI_Request& request, std::chrono::microseconds between_looks,
                 const std::function<void()>& meanwhile = {});

/// A barrier that sleeps in the same way. Collective.
void wait_asleep(MPI_Comm comm, const std::function<void()>& meanwhile = {});

}  // namespace qhn
