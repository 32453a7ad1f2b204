#include "tests/support/bpf_interpreter.h"

#include <array>
#include <optional>
#include <stdexcept>

namespace faultline::test {

namespace {

using Word = std::uint32_t;

[[noreturn]] void refuse(const std::string& why, std::size_t at) {
  throw std::runtime_error("BPF instruction " + std::to_string(at) + ": " + why);
}

/// The rules of bpf_check_classic() that a builder of programs can break.
void check(const std::vector<sock_filter>& program) {
  if (program.empty() || program.size() > BPF_MAXINSNS) refuse("bad length of program", 0);
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& in = program[at];
    if (BPF_CLASS(in.code) != BPF_JMP) continue;
    const std::size_t left = program.size() - at - 1;
    const bool is_far = BPF_OP(in.code) == BPF_JA ? in.k >= left : in.jt >= left || in.jf >= left;
    if (is_far) refuse("jumps out of the program", at);
  }
  if (BPF_CLASS(program.back().code) != BPF_RET) refuse("does not return", program.size() - 1);
}

class Machine {
 public:
  Machine(const std::vector<sock_filter>& program, const BpfPacket& packet,
          const std::function<Word()>& random)
      : program_(program), packet_(packet), random_(random) {}

  Word run() {
    while (!result_) {
      const sock_filter& in = program_[at_++];
      switch (BPF_CLASS(in.code)) {
        case BPF_LD:
          load(in);
          break;
        case BPF_LDX:
          load_x(in);
          break;
        case BPF_ST:
          cell(in.k) = a_;
          break;
        case BPF_ALU:
          a_ = computed(in);
          break;
        case BPF_JMP:
          jump(in);
          break;
        case BPF_RET:
          result_ = BPF_RVAL(in.code) == BPF_A ? a_ : in.k;
          break;
        default:
          refuse("an unknown instruction", at_ - 1);
      }
    }
    return *result_;
  }

 private:
  Word& cell(Word index) {
    if (index >= cells_.size()) refuse("no such cell", at_ - 1);
    return cells_[index];
  }

  /// `size` bytes at `offset`, in network order; nothing if they are not in the packet.
  std::optional<Word> bytes_at(std::int64_t offset, std::size_t size) const {
    const auto tcp = static_cast<std::int64_t>(packet_.tcp_offset);
    const std::int64_t from = offset >= 0 ? tcp + offset : offset - SKF_NET_OFF;
    const auto all = static_cast<std::int64_t>(packet_.bytes.size());
    if (from < 0 || from + static_cast<std::int64_t>(size) > all) return std::nullopt;
    Word value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const char byte = packet_.bytes[static_cast<std::size_t>(from) + i];
      value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
  }

  std::optional<Word> loaded(std::uint16_t code, std::int64_t offset) const {
    if (offset == SKF_AD_OFF + SKF_AD_RANDOM) return random_();
    if (offset < SKF_NET_OFF || (offset < 0 && offset >= SKF_AD_OFF)) {
      refuse("an offset this does not know", at_ - 1);
    }
    const unsigned size = BPF_SIZE(code);
    return bytes_at(offset, size == BPF_W ? 4 : size == BPF_H ? 2 : 1);
  }

  void load(const sock_filter& in) {
    std::optional<Word> value;
    switch (BPF_MODE(in.code)) {
      case BPF_MEM:
        value = cell(in.k);
        break;
      case BPF_LEN:
        value = length();
        break;
      case BPF_ABS:
        value = loaded(in.code, static_cast<std::int32_t>(in.k));
        break;
      default:
        refuse("an unknown load", at_ - 1);
    }
    a_ = value.value_or(0);
    if (!value) result_ = 0;
  }

  void load_x(const sock_filter& in) {
    std::optional<Word> value;
    if (BPF_MODE(in.code) == BPF_IMM) {
      value = in.k;
    } else if (BPF_MODE(in.code) == BPF_MSH) {
      value = loaded(BPF_B, static_cast<std::int32_t>(in.k));
      if (value) value = 4 * (*value & 0xfU);
    } else {
      refuse("an unknown load", at_ - 1);
    }
    x_ = value.value_or(0);
    if (!value) result_ = 0;
  }

  Word length() const { return static_cast<Word>(packet_.bytes.size() - packet_.tcp_offset); }

  Word operand(const sock_filter& in) const { return BPF_SRC(in.code) == BPF_X ? x_ : in.k; }

  Word computed(const sock_filter& in) const {
    const Word b = operand(in);
    switch (BPF_OP(in.code)) {
      case BPF_ADD:
        return a_ + b;
      case BPF_AND:
        return a_ & b;
      case BPF_RSH:
        return a_ >> (b & 31U);
      default:
        refuse("an unknown operation", at_ - 1);
    }
  }

  void jump(const sock_filter& in) {
    if (BPF_OP(in.code) == BPF_JA) {
      at_ += in.k;
      return;
    }
    const Word b = operand(in);
    bool holds = false;
    switch (BPF_OP(in.code)) {
      case BPF_JEQ:
        holds = a_ == b;
        break;
      case BPF_JGT:
        holds = a_ > b;
        break;
      case BPF_JGE:
        holds = a_ >= b;
        break;
      default:
        refuse("an unknown jump", at_ - 1);
    }
    at_ += holds ? in.jt : in.jf;
  }

  const std::vector<sock_filter>& program_;
  const BpfPacket& packet_;
  const std::function<Word()>& random_;
  std::size_t at_ = 0;
  Word a_ = 0;
  Word x_ = 0;
  std::array<Word, BPF_MEMWORDS> cells_{};
  std::optional<Word> result_;
};

}  // namespace

std::uint32_t run_bpf(const std::vector<sock_filter>& program, const BpfPacket& packet,
                      const std::function<std::uint32_t()>& random) {
  check(program);
  return Machine(program, packet, random).run();
}

}  // namespace faultline::test
