#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/check_sum.hpp"
#include "core/child_process.hpp"
#include "core/damaged_file.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

void compute_for(double seconds) {
  const auto used = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  for (const double end = used() + seconds; used() < end;) {
  }
}

class DamagedFile : public testing::Test {
 protected:
  DamagedFile() {
    const auto folder = std::filesystem::temp_directory_path();
    path_ = (folder / ("qhn-damaged-file-" + std::to_string(::getpid()))).string();
  }
  ~DamagedFile() override { std::filesystem::remove(path_); }
  void write(std::string_view bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  // What refuse_damaged says; empty: nothing.
  std::string refusal(const std::function<void(const std::function<void()>&)>& read) const {
    try {
      refuse_damaged(path_, read);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  std::string path_;
};

// The test vector that every description of CRC-32 has: cbf43926 for "123456789".
TEST_F(DamagedFile, TheLineHoldsCrc32AndLength) {
  write("123456789");
  const std::string line = check_sum_line(path_);
  EXPECT_EQ(line, "\nqhn check sum: crc32 cbf43926 of 0000000000000009 bytes\n");
  constexpr std::string_view content = "123456789";
  EXPECT_EQ(check_sum_line(std::as_bytes(std::span(content))), line);
  write("");
  EXPECT_EQ(check_sum_line(path_), check_sum_line(std::span<const std::byte>()));
}

TEST_F(DamagedFile, EveryChangedByteIsNoticed) {
  std::string content(3000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * i % 251);
  write(content);
  EXPECT_EQ(check_sum(path_), CheckSum::none);
  const std::string line = check_sum_line(path_), whole = content + line;
  write(whole);
  EXPECT_EQ(check_sum(path_), CheckSum::right);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write(changed);
    ASSERT_NE(check_sum(path_), CheckSum::right) << at;
    if (at < content.size()) {
      ASSERT_EQ(check_sum(path_), CheckSum::wrong) << at;
    }
  }
  for (const std::size_t length : {whole.size() - 1, content.size(), std::size_t{1}}) {
    write(whole.substr(0, length));
    EXPECT_EQ(check_sum(path_), CheckSum::none) << length;
  }
  write("x" + whole);  // the length alone tells
  EXPECT_EQ(check_sum(path_), CheckSum::wrong);
  // More than is read at a time.
  content = std::string((1 << 20) + 17, 'x');
  write(content);
  write(content + check_sum_line(path_));
  EXPECT_EQ(check_sum(path_), CheckSum::right);
}

TEST_F(DamagedFile, ThrowsWhereThereIsNothingToRead) {
  EXPECT_THROW(check_sum(path_), RunError);
  EXPECT_THROW(check_sum_line(path_), RunError);
}

TEST_F(DamagedFile, IsRefusedWhereReadingItCrashesOrDoesNotEnd) {
  write("no check sum");
  EXPECT_EQ(refusal([](const auto&) {}), "");
  EXPECT_EQ(refusal([](const auto&) { throw InputError("of another format"); }),
            "of another format");
  EXPECT_EQ(refusal([](const auto&) { ::raise(SIGSEGV); }),
            path_ + ": damaged: a trial read failed: Segmentation fault");
  EXPECT_EQ(refusal([](const auto&) { std::abort(); }),
            path_ + ": damaged: a trial read failed: Aborted");
  EXPECT_EQ(refusal([](const auto&) { ::_exit(3); }),
            path_ + ": damaged: a trial read failed: it exited with code 3");
}

// As a power cut may leave it: the last bytes are zeros, the line among them.
TEST_F(DamagedFile, IsRefusedWhereItsCheckSumWasDestroyed) {
  std::string content(1000, '\0');
  content.replace(0, 14, std::string("\x89HDF\r\n\x1a\n\0\0\0\0\0\x8", 14));
  content[40] = static_cast<char>(1000 % 256);
  content[41] = static_cast<char>(1000 / 256);
  write(content);
  EXPECT_EQ(refusal([](const auto&) {}), "") << "without a line behind its end";
  const std::size_t line = check_sum_line(path_).size();
  write(content + std::string(line, '\0'));
  EXPECT_EQ(refusal([](const auto&) {}), path_ + ": damaged: its check sum is unreadable");
}

TEST_F(DamagedFile, ASoundFileIsTriedOnce) {
  const auto crash = [](const auto&) { std::abort(); };
  const auto age = [this](int hours) {
    const auto time = std::filesystem::last_write_time(path_) - std::chrono::hours(hours);
    std::filesystem::last_write_time(path_, time);
  };
  write("one");
  EXPECT_EQ(refusal([](const auto&) {}), "");
  EXPECT_NE(refusal(crash), "") << "it may have been written again";
  age(2);
  EXPECT_EQ(refusal([](const auto&) {}), "");
  EXPECT_EQ(refusal(crash), "");
  age(1);
  EXPECT_NE(refusal(crash), "") << "changed";
  EXPECT_NE(refusal(crash), "");
}

TEST_F(DamagedFile, ACheckSumNeedsNoSecondReading) {
  write("content");
  write("content" + check_sum_line(path_));
  EXPECT_EQ(refusal([](const auto&) { std::abort(); }), "");
  write("cOntent\nqhn check sum: crc32 8f5ea7a8 of 0000000000000007 bytes\n");
  EXPECT_EQ(refusal([](const auto&) {}),
            path_ + ": damaged: its check sum does not match its content");
}

// What became of it in the child; empty: it returned.
std::string end_in_child(const std::function<void(const std::function<void()>&)>& work,
                         const ChildLimits& limits = {10, 1 << 30}) {
  try {
    try_in_child(work, limits);
  } catch (const ChildDied& death) {
    return std::string("died: ") + death.what();
  } catch (const InputError& error) {
    return std::string("InputError: ") + error.what();
  } catch (const RunError& error) {
    return std::string("RunError: ") + error.what();
  }
  return "";
}

TEST(ChildProcess, ThrowsWhatWasThrownInIt) {
  EXPECT_EQ(end_in_child([](const auto&) {}), "");
  EXPECT_EQ(end_in_child([](const auto&) { throw InputError("a"); }), "InputError: a");
  EXPECT_EQ(end_in_child([](const auto&) { throw RunError("b"); }), "RunError: b");
  EXPECT_EQ(end_in_child([](const auto&) { throw std::out_of_range("c"); }), "RunError: c");
  EXPECT_EQ(end_in_child([](const auto&) { throw 1; }), "RunError: unknown exception");
  EXPECT_EQ(end_in_child([](const auto&) { throw InputError(std::string(100000, 'd')); }),
            "InputError: " + std::string(4000, 'd'));
}

// The limit is for a part: a reader that goes on has as much time again.
TEST(ChildProcess, AReaderThatGoesOnHasTime) {
  EXPECT_EQ(end_in_child(
                [&](const auto& go_on) {
                  for (int part = 0; part < 4; ++part) {
                    go_on();
                    compute_for(0.1);
                  }
                },
                {0.3, 1 << 30}),
            "");
  EXPECT_EQ(end_in_child([](const auto&) { compute_for(0.4); }, {0.3, 1 << 30}),
            "died: not finished after 0.3 s of CPU time");
}

#if !defined(__SANITIZE_ADDRESS__)  // which maps more than any limit
TEST(ChildProcess, HasAsMuchMemoryAsTheLimitSays) {
  const auto take = [](std::size_t bytes) {
    return [bytes](const auto&) { std::vector<char>(bytes, 'x').at(bytes / 2) = 'y'; };
  };
  EXPECT_EQ(end_in_child(take(10 << 20), {10, 30 << 20}), "");
  EXPECT_EQ(end_in_child(take(40 << 20), {10, 30 << 20}),
            "died: it needed more than 31457280 bytes of memory");
}
#endif

// The launcher of some batch systems leaves it so.
TEST(ChildProcess, ItsEndIsKnownWhereTheSignalOfItIsIgnored) {
  ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(end_in_child([](const auto&) { std::abort(); }), "died: it ended without a result");
  EXPECT_EQ(end_in_child([](const auto&) {}), "");
  EXPECT_EQ(end_in_child([](const auto&) { throw InputError("a"); }), "InputError: a");
  ::signal(SIGCHLD, SIG_DFL);
}

// An operator's signal, or the kernel's where memory is short, says nothing about a file.
TEST(ChildProcess, AnothersSignalIsNoVerdict) {
  for (const int number : {SIGKILL, SIGTERM})
    EXPECT_EQ(end_in_child([number](const auto&) { ::raise(number); }), "");
}

TEST(ChildProcess, LeavesNeitherWordsNorProcessesBehind) {
  testing::internal::CaptureStderr();
  const auto speak_and_abort = [](const auto&) {
    std::fputs("words", stderr);
    std::fflush(stderr);
    std::abort();
  };
  EXPECT_EQ(end_in_child(speak_and_abort), "died: Aborted");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// A program that waits for signals itself has blocked them.
TEST(ChildProcess, TheLimitHoldsWhereItsSignalIsBlocked) {
  sigset_t profile, before;
  sigemptyset(&profile);
  sigaddset(&profile, SIGPROF);
  ASSERT_EQ(::sigprocmask(SIG_BLOCK, &profile, &before), 0);
  EXPECT_EQ(end_in_child([](const auto&) { compute_for(3600); }, {0.05, 1 << 30}),
            "died: not finished after 0.05 s of CPU time");
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace qhn
