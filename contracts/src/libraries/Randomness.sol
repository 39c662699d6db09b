// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Unbiased choices from a seed, by a stream that every SDK makes alike (docs/randomness.md, "The stream").
///
///   word i     = keccak256(abi.encode(bytes32 seed, uint256 i)) as a big-endian number, i = 0, 1, 2, …
///   below(n)   = w mod n for the first unused word w that is less than floor(2^256 / n) * n; n > 0
///   sample     = k steps of Fisher and Yates over a = [0, …, n - 1]: in step i = 0, …, k - 1 swap a[i] and
///                a[i + below(n - i)]; the sample is a[0], …, a[k - 1]; k = n is a shuffle
///
/// @dev Words at the top are refused, so every value of `below` has equally many words: no modulo bias. A word is refused
/// with probability (2^256 mod n) / 2^256, which for any n below 2^128 never happens in practice.
library Randomness {
    /// @notice A seed and how many of its words are used up.
    struct Stream {
        bytes32 seed;
        uint256 used;
    }

    /// @notice There is no number below zero.
    error EmptyRange();
    /// @notice More numbers than there are.
    error SampleTooLarge(uint256 count, uint256 n);

    /// @notice The stream's next word.
    function word(Stream memory stream) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(stream.seed, stream.used++)));
    }

    /// @notice A number in [0, n), each as likely as any other.
    function below(Stream memory stream, uint256 n) internal pure returns (uint256) {
        uint256 top = accepted(n, type(uint256).max);
        uint256 drawn = word(stream);
        while (drawn > top) drawn = word(stream);
        return drawn % n;
    }

    /// @notice The largest word that is accepted when words go from 0 to `largest`: the accepted ones are a multiple of n.
    /// @dev `largest` is a parameter so that a test can try every word of a small size.
    function accepted(uint256 n, uint256 largest) internal pure returns (uint256) {
        if (n == 0) revert EmptyRange();
        return largest - (largest % n + 1) % n;
    }

    /// @notice `count` different numbers in [0, n) in random order, each such sequence as likely as any other.
    /// @dev a[j] is j until it is swapped: only swapped places are kept, in `places` and `values`. Time grows with the square
    /// of `count` and not with n.
    function sample(Stream memory stream, uint256 n, uint256 count) internal pure returns (uint256[] memory chosen) {
        if (count > n) revert SampleTooLarge(count, n);
        chosen = new uint256[](count);
        uint256[] memory places = new uint256[](count);
        uint256[] memory values = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 place = i + below(stream, n - i);
            uint256 here = lookUp(places, values, i, i);
            chosen[i] = lookUp(places, values, i, place);
            (places[i], values[i]) = (place, here);
        }
    }

    /// @dev a[place] after `steps` steps: what was put there last, or `place` itself.
    function lookUp(uint256[] memory places, uint256[] memory values, uint256 steps, uint256 place)
        private
        pure
        returns (uint256)
    {
        for (uint256 i = steps; i != 0; --i) {
            if (places[i - 1] == place) return values[i - 1];
        }
        return place;
    }
}
