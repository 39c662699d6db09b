// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SignedReport} from "../src/interfaces/IStake.sol";
import {Bls} from "./support/Bls.sol";
import {Votes} from "./support/Votes.sol";

/// @notice What a committee's life costs, kept in snapshots/Committee.json: cold, without the transaction's own cost. The
/// dearest transaction fits into a block.
abstract contract CommitteeGas is Votes {
    uint256 private constant TRANSACTION = 16_777_216; // EIP-7825's cap; blocks have room for 30 million and more
    address private constant PROVER = address(0xbeef);

    function setUp() public {
        startCommittee(size(), 0);
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
    }

    function size() internal pure virtual returns (uint256);

    function test_gas_of_a_proposal() public {
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        keep("proposeEpoch");
    }

    function test_gas_of_an_epoch() public {
        committee.startEpoch(operators, PROFILE, 4, verifiers);
        vm.assertTrue(keep("startEpoch, both verifiers") < TRANSACTION);
    }

    function test_gas_of_evidence() public {
        SignedReport[2] memory votes =
            [vote(signerKey(1), 1, outcome("one"), 256, 0), vote(signerKey(1), 1, outcome("another"), 256, 255)];
        vm.prank(PROVER);
        committee.proveEquivocation(ROUTER, 1, 1, votes);
        keep("proveEquivocation, two batches of 256");
    }

    function keep(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("Committee", string.concat(name, ", n = ", vm.toString(size())));
    }
}

contract CommitteeOf4GasTest is CommitteeGas {
    function size() internal pure override returns (uint256) {
        return 4;
    }

    function test_gas_of_a_registration() public {
        address operator = address(0x2000);
        bytes memory key = Bls.publicKey(blsKey(500));
        bytes memory signerProof = proveSigner(operator, signerKey(500), key);
        bytes memory proof = possession(operator, blsKey(500));
        vm.deal(operator, MIN_STAKE);
        vm.prank(operator);
        committee.register{value: MIN_STAKE}(
            vm.addr(signerKey(500)), signerProof, keccak256(key), key, proof, "http://127.0.0.1:7000"
        );
        vm.snapshotGasLastCall("Committee", "register");
    }
}

contract CommitteeOf31GasTest is CommitteeGas {
    function size() internal pure override returns (uint256) {
        return 31;
    }
}

contract CommitteeOf100GasTest is CommitteeGas {
    function size() internal pure override returns (uint256) {
        return 100;
    }
}
