#include "comm/mpi_session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <bit>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "record/output.hpp"

namespace qhn {
namespace {

constexpr int stop_tag = 1;

}  // namespace

MpiSession::MpiSession() : exceptions_at_start_(std::uncaught_exceptions()) {
  // Without a launcher Open MPI would start a daemon for this process, which delays it. It serves
  // only processes that MPI starts, and qhn starts none.
  ::setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw RunError("this MPI offers no threads: MPI_THREAD_FUNNELED is needed");
  }
  world_ = Communicator(MPI_COMM_WORLD);
  rank_ = world_.rank();
  size_ = world_.size();
}

MpiSession::~MpiSession() {
  const bool failing = std::uncaught_exceptions() > exceptions_at_start_;
  if (failing && size_ > 1 && !agreed_failure_) return;
  if (world_ != MPI_COMM_WORLD) {
    world_ = {};
    wait_asleep(MPI_COMM_WORLD, [this] {
      if (stop_ && *stop_) call_for_a_stop();
    });
  }
  if (rank_ == 0) called_for_a_stop();  // a request may have arrived late
  MPI_Wait(&call_, MPI_STATUS_IGNORE);
  MPI_Finalize();
}

bool MpiSession::narrow(int ranks, const std::atomic<bool>* stop) {
  if (ranks == size_) return true;
  if (rank_ == 0 && ranks + 1 == size_) spdlog::info("rank {} has nothing to do", ranks);
  if (rank_ == 0 && ranks + 1 < size_)
    spdlog::info("ranks {} to {} have nothing to do", ranks, size_ - 1);
  world_ = world_.split(rank_ < ranks ? 0 : MPI_UNDEFINED);
  size_ = ranks;
  if (world_) return true;
  stop_ = stop;
  return false;
}

void MpiSession::call_for_a_stop() {
  if (std::exchange(called_, true)) return;
  MPI_Isend(nullptr, 0, MPI_BYTE, 0, stop_tag, MPI_COMM_WORLD, &call_);
}

bool MpiSession::called_for_a_stop() {
  bool any = false;
  for (int there = 1; there;) {
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, stop_tag, MPI_COMM_WORLD, &there, &status);
    if (there)
      MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, stop_tag, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
    any = any || there;
  }
  return any;
}

void MpiSession::agree(const std::function<void()>& work) {
  std::optional<RankFailure> mine;
  try {
    work();
  } catch (const InputError& error) {
    mine = {error.what(), true};
  } catch (const std::bad_alloc&) {
    mine = {"out of memory"};
  } catch (const std::exception& error) {
    mine = {error.what()};
  }
  const std::optional<RankFailure> first = world_.first_failure(std::move(mine));
  agreed_failure_ = first.has_value();
  if (!first) return;

  if (rank_ != 0) throw CLI::RuntimeError(0);
  const std::string message =
      first->rank == 0 ? first->message : fmt::format("rank {}: {}", first->rank, first->message);
  if (first->input) throw InputError(message);
  throw RunError(message);
}

bool mpi_was_started() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  return initialized != 0;
}

void abort_parallel_run(const std::string& message, int code) {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (!mpi_was_started() || finalized) return;
  int rank = 0, size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size == 1) return;
  print_error(fmt::format("rank {}: {}", rank, message));
  std::fflush(nullptr);
  MPI_Abort(MPI_COMM_WORLD, code);
}

void require_ranks_per_state(int per_state, int ranks, const std::string& option) {
  if (std::has_single_bit(static_cast<unsigned>(per_state)) && per_state <= ranks) return;
  std::string possible;
  for (int r = 1; r <= ranks; r *= 2) possible += fmt::format("{}{}", r == 1 ? "" : ", ", r);
  const int next = static_cast<int>(std::bit_ceil(static_cast<unsigned>(per_state)));
  throw InputError(fmt::format(
      "{} {}: this run has {} rank{}; allowed: {}{}", option, per_state, ranks,
      ranks == 1 ? "" : "s", possible,
      next > ranks ? fmt::format("; {} when started with mpirun -n {}", next, next) : ""));
}

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string version(text, static_cast<std::size_t>(length));
  return version.substr(0, version.find_first_of("\n,"));
}

}  // namespace qhn
