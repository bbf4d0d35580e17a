#include "campaign/group.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

using namespace std::chrono_literals;

/// The group of this rank: `size` consecutive ranks.
Communicator group_of(const Communicator& comm, int size) { return comm.split(comm.rank() / size); }

/// Depends on every bit of the angles; different angles collide with probability 2^-64.
std::uint64_t hash(std::span<const double> angles) {
  std::uint64_t h = angles.size();
  for (const double angle : angles) {
    h = (h ^ std::bit_cast<std::uint64_t>(angle)) * 0x9e3779b97f4a7c15u;
    h ^= h >> 32;
  }
  return h;
}

}  // namespace

/// The leader's broadcast to its followers.
struct Group::Order {
  std::uint64_t runs = 0;  ///< 0: no more restarts
  std::uint64_t id = 0;
  std::uint64_t checkpoint = 0;  ///< bytes of the packed checkpoint that follows; 0: none
};

/// The engine that together() returns.
class Group::Together final : public Engine, public StringSearch {
 public:
  Together(const Group& group, std::unique_ptr<Engine> engine)
      : group_(group), engine_(std::move(engine)) {}
  EngineKind kind() const override { return engine_->kind(); }
  double expectation(std::span<const double> angles) override {
    group_.agree_to_go_on(angles);
    return engine_->expectation(angles);
  }
  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    group_.agree_to_go_on(angles);
    return engine_->expectation_and_gradient(angles, gradient);
  }
  StringSearch* strings() override { return engine_->strings() ? this : nullptr; }
  MostProbable most_probable(std::span<const double> angles) override {
    group_.agree_to_go_on(angles);
    return engine_->strings()->most_probable(angles);
  }
  std::size_t bytes() const override { return engine_->bytes(); }

 private:
  const Group& group_;
  std::unique_ptr<Engine> engine_;
};

Group::Group(MPI_Comm comm, int size, const std::atomic<bool>& stop, Failure failed,
             std::function<void()> stopped)
    : ranks_(group_of(Communicator(comm), size)),
      leaders_(Communicator(comm).split(leads() ? 0 : MPI_UNDEFINED)),
      stop_(stop),
      failed_(std::move(failed)),
      stopped_(std::move(stopped)) {}

std::unique_ptr<Engine> Group::together(std::unique_ptr<Engine> engine) {
  return std::make_unique<Together>(*this, std::move(engine));
}

void Group::agree_to_go_on(std::span<const double> angles) const {
  const std::uint64_t here = hash(angles), leaves = leaves_ || stop_ ? 1 : 0;
  // The maximum of ~here gives the minimum: ~ reverses the unsigned order and the signed one, by
  // which MPICH compares these.
  std::array<std::uint64_t, 3> most{leaves, here, ~here};
  MPI_Allreduce(MPI_IN_PLACE, most.data(), 3, MPI_UINT64_T, MPI_MAX, ranks_.comm());
  if (most[1] != ~most[2])
    throw RunError(
        "the ranks that hold a distributed state computed different angles: their processors or "
        "libraries differ");
  if (most[0] != 0) throw Abandoned{};
}

template <class Work>
auto Group::guarded(const Work& work) {
  std::string message;
  try {
    return work();
  } catch (const std::bad_alloc&) {
    message = "out of memory";
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {
    message = "unknown exception";
  }
  broken_ = true;
  // If all ranks fail alike, only the lowest prints: it ends the others while they sleep.
  std::this_thread::sleep_for(std::min(ranks_.rank(), 10) * 200ms);
  failed_(message);
  throw RunError(message);
}

MPI_Request Group::start_broadcast(Order& order) const {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibcast(&order, sizeof order, MPI_BYTE, 0, ranks_.comm(), &request);
  return request;
}

RestartRunner Group::lead(RestartRunner run) {
  return [this, run = std::move(run)](std::uint64_t id, const RestartHooks& hooks) {
    return guarded([&] {
      std::vector<std::byte> checkpoint;
      if (hooks.resume) checkpoint = pack(*hooks.resume);
      Order order{1, id, checkpoint.size()};
      MPI_Request told = start_broadcast(order);
      MPI_Wait(&told, MPI_STATUS_IGNORE);
      MPI_Bcast(checkpoint.data(), static_cast<int>(checkpoint.size()), MPI_BYTE, 0, ranks_.comm());

      leaves_ = false;
      RestartHooks mine = hooks;
      mine.next = [&] {
        const auto next = hooks.next ? hooks.next() : RestartHooks::Order::go_on;
        if (next != RestartHooks::Order::give_up) return next;
        leaves_ = true;  // with the followers, at the next evaluation
        return RestartHooks::Order::go_on;
      };
      return run(id, mine);
    });
  };
}

void Group::follow(const RestartRunner& run) {
  guarded([&] {
    for (;;) {
      Order order;
      MPI_Request told = start_broadcast(order);
      wait_asleep(told, 100us, [this] {
        if (stop_ && stopped_) stopped_();
      });
      if (order.runs == 0) return;
      std::vector<std::byte> bytes(order.checkpoint);
      MPI_Bcast(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, ranks_.comm());
      std::optional<RestartCheckpoint> resume;
      if (!bytes.empty()) resume = unpack_checkpoint(bytes);
      RestartHooks hooks;
      hooks.resume = resume ? &*resume : nullptr;
      run(order.id, hooks);
    }
  });
}

void Group::dismiss() {
  if (broken_) return;
  Order order;
  MPI_Request told = start_broadcast(order);
  MPI_Wait(&told, MPI_STATUS_IGNORE);
}

std::uint64_t run_farm(Group& group, const RestartRunner& run, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks) {
  if (!group.leads()) {
    group.follow(run);
    return 0;
  }
  struct Dismissal {
    Group& group;
    ~Dismissal() { group.dismiss(); }
  } const at_the_end{group};
  FarmOptions farm = options;
  farm.poll_inside = false;  // evaluations are collective: no rank may leave one alone
  return run_farm(
      group.leaders(), [&] { return group.lead(run); }, farm, stop, callbacks);
}

}  // namespace qhn
