#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "comm/communicator.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

const Communicator& world() {
  static const Communicator all(MPI_COMM_WORLD);
  return all;
}

/// The message of the RunError that f() throws; empty: none.
template <class F>
std::string message_of_run_error(F f) {
  try {
    f();
  } catch (const RunError& error) {
    return error.what();
  }
  return {};
}

TEST(Communicator, SplitsIntoRanksOfOneColor) {
  const Communicator odd_and_even = world().split(world().rank() % 2);
  EXPECT_EQ(odd_and_even.rank(), world().rank() / 2);
  EXPECT_EQ(odd_and_even.size(), (world().size() + 1 - world().rank() % 2) / 2);
  const Communicator first = world().split(world().rank() == 0 ? 0 : MPI_UNDEFINED);
  EXPECT_EQ(static_cast<bool>(first), world().rank() == 0);
  EXPECT_EQ(first.size(), world().rank() == 0 ? 1 : 0);
}

TEST(Communicator, OwnsWhatItMadeUntilItIsMovedFrom) {
  Communicator copy = world().duplicate();
  const MPI_Comm made = copy;
  EXPECT_NE(made, MPI_COMM_WORLD);
  Communicator owner = std::move(copy);
  EXPECT_EQ(static_cast<MPI_Comm>(owner), made);
  int same = MPI_UNEQUAL;
  MPI_Comm_compare(owner, world(), &same);
  EXPECT_EQ(same, MPI_CONGRUENT);
  owner = Communicator(MPI_COMM_WORLD);  // frees the copy, and later not the world
  EXPECT_EQ(owner.size(), world().size());
  owner = {};
  EXPECT_FALSE(owner);
  MPI_Barrier(world());
}

// The ranks of this test are on one node.
TEST(Communicator, KnowsTheNode) {
  EXPECT_EQ(world().node().size(), world().size());
  EXPECT_EQ(world().first_on_node(), 0);
  EXPECT_EQ(world().nodes(), std::vector<int>(static_cast<std::size_t>(world().size()), 0));
}

TEST(Communicator, BroadcastsNumbersTextsAndBytes) {
  for (const int root : {0, world().size() - 1}) {
    const bool mine = world().rank() == root;
    double number = mine ? 0.1 : 7.0;
    std::string text = mine ? "a\0b" : "longer than that";
    std::vector<std::byte> none(mine ? 0 : 3), bytes(mine ? 5 : 0, std::byte{9});
    world().broadcast(number, root);
    world().broadcast(text, root);
    world().broadcast(none, root);
    world().broadcast(bytes, root);
    EXPECT_EQ(number, 0.1);
    EXPECT_EQ(text, "a\0b");
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(bytes, std::vector<std::byte>(5, std::byte{9}));
  }
}

TEST(Communicator, GathersTextsOfAnyLength) {
  const auto text_of = [](int rank) {
    return std::string(static_cast<std::size_t>(rank) * 3 % 7, static_cast<char>('a' + rank));
  };
  std::vector<std::string> expected;
  for (int rank = 0; world().rank() == 0 && rank < world().size(); ++rank)
    expected.push_back(text_of(rank));
  EXPECT_EQ(world().gather(text_of(world().rank())), expected);
}

TEST(Communicator, AgreesOnTheErrorOfTheLowestRank) {
  EXPECT_NO_THROW(world().agree([] {}));
  for (int lowest = 0; lowest < world().size(); ++lowest) {
    const std::string message = message_of_run_error([&] {
      world().agree([&] {
        if (world().rank() >= lowest)
          throw std::invalid_argument("no " + std::to_string(world().rank()));
      });
    });
    const std::string n = std::to_string(lowest);
    EXPECT_EQ(message, world().size() == 1 ? "no 0" : "rank " + n + ": no " + n);
  }
  const int rank = world().rank();
  EXPECT_EQ(message_of_run_error([&] { throw_agreed(world(), "bad", 10 + rank); }),
            world().size() == 1 ? "bad" : "rank 10: bad");
}

TEST(Communicator, TellsTheFirstFailureWithoutThrowing) {
  EXPECT_FALSE(world().first_failure(std::nullopt));
  const int last = world().size() - 1;
  std::optional<RankFailure> mine;
  if (world().rank() == last) mine = {"wrong key", true};
  const auto first = world().first_failure(mine);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->message, "wrong key");
  EXPECT_TRUE(first->input);
  EXPECT_EQ(first->rank, last);
}

}  // namespace
}  // namespace qhn
