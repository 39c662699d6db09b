// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {Epoch, Member} from "../src/types/Types.sol";
import {Bls} from "./support/Bls.sol";
import {Members} from "./support/Members.sol";

contract CommitteeTest is Members {
    address private constant NEWCOMER = address(0xbeef);

    function setUp() public {
        startCommittee(4, 0);
    }

    function test_a_record_is_what_was_registered() public view {
        Member memory member = committee.member(operators[2]);
        vm.assertEq(member.operator, operators[2]);
        vm.assertEq(member.signer, vm.addr(signerKey(2)));
        vm.assertEq(member.publicKey, Bls.publicKey(blsKey(2)));
        vm.assertEq(member.encryptionKey, keccak256(member.publicKey));
        vm.assertEq(member.endpoint, "http://127.0.0.1:7000");
    }

    function test_an_epoch_is_what_was_started() public view {
        Epoch memory epoch = committee.epochInfo(1);
        vm.assertEq(epoch.quorum, 3);
        vm.assertEq(epoch.faults, 1);
        vm.assertEq(epoch.profileId, PROFILE);
        vm.assertEq(epoch.roundLength, 4);
        vm.assertEq(epoch.startBlock, block.number);
        vm.assertEq(epoch.startTime, time());
        vm.assertEq(abi.encode(epoch.operators), abi.encode(operators));
        vm.assertEq(abi.encode(epoch.verifiers), abi.encode(verifiers));
    }

    function test_quorum_is_n_minus_f_for_every_size() public {
        uint256[7] memory quorums = [uint256(1), 2, 3, 3, 4, 5, 5];
        grow(7);
        address[] memory some;
        for (uint256 n = 1; n <= 7; ++n) {
            some = new address[](n);
            for (uint256 i; i < n; ++i) {
                some[i] = operators[i];
            }
            uint64 epoch = startEpoch(some);
            vm.assertEq(committee.epochInfo(epoch).quorum, quorums[n - 1]);
        }
    }

    function test_registering_again_changes_later_epochs_only() public {
        register(operators[0], signerKey(50), blsKey(50));
        vm.assertEq(committee.epochMembers(1)[0].signer, vm.addr(signerKey(0)));
        startEpoch(operators);
        vm.assertEq(committee.epochMembers(1)[0].signer, vm.addr(signerKey(0)));
        vm.assertEq(committee.epochMembers(2)[0].signer, vm.addr(signerKey(50)));
        vm.assertEq(committee.epochMembers(2)[1].signer, vm.addr(signerKey(1)));
    }

    function test_an_epoch_has_distinct_registered_members() public {
        address[] memory members = new address[](2);
        (members[0], members[1]) = (operators[0], NEWCOMER);
        refuse(members, abi.encodeWithSelector(ICommittee.NotRegistered.selector, NEWCOMER));
        members[1] = operators[0];
        refuse(members, abi.encodeWithSelector(ICommittee.DuplicateMember.selector, operators[0]));
    }

    /// @dev They fall on the last seat of the table that finds duplicates, so that all but one move on around its end.
    function test_members_whose_addresses_end_alike_are_told_apart() public {
        address[] memory alike = new address[](4);
        for (uint256 i; i < 4; ++i) {
            alike[i] = address(uint160(0x20ff + 0x100 * i));
            register(alike[i], signerKey(50 + i), blsKey(50 + i));
        }
        startEpoch(alike);
        vm.assertEq(committee.epochInfo(2).operators.length, 4);
        for (uint256 i = 1; i < 4; ++i) {
            for (uint256 j; j < i; ++j) {
                address kept = alike[i];
                alike[i] = alike[j];
                refuse(alike, abi.encodeWithSelector(ICommittee.DuplicateMember.selector, alike[j]));
                alike[i] = kept;
            }
        }
    }

    function test_epochs_out_of_bounds_are_refused() public {
        refuse(new address[](0), abi.encodeWithSelector(ICommittee.BadMemberCount.selector, 0));
        refuse(new address[](101), abi.encodeWithSelector(ICommittee.BadMemberCount.selector, 101));
        vm.expectRevert(ICommittee.BadRoundLength.selector);
        committee.proposeEpoch(operators, PROFILE, 0, verifiers);
        bytes memory bad = abi.encodePacked(ICommittee.BadVerifiers.selector);
        (address ecdsa, address bls) = (verifiers[0], verifiers[1]);
        verifiers = [ecdsa, ecdsa];
        refuse(operators, bad);
        verifiers = [ecdsa, bls, ecdsa];
        refuse(operators, bad);
        verifiers = [ecdsa, NEWCOMER]; // no contract
        refuse(operators, bad);
        verifiers = new address[](0);
        refuse(operators, bad);
        verifiers = new address[](9);
        refuse(operators, bad);
        vm.assertEq(committee.currentEpoch(), 1);
    }

    function test_unknown_epochs_and_operators_are_named() public {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.UnknownEpoch.selector, 2));
        committee.epochInfo(2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.UnknownEpoch.selector, 0));
        committee.epochMembers(0);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotRegistered.selector, NEWCOMER));
        committee.member(NEWCOMER);
    }

    function test_only_the_owner_proposes_epochs_and_ownership_moves_in_two_steps() public {
        vm.prank(NEWCOMER);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, NEWCOMER));
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        committee.transferOwnership(NEWCOMER);
        vm.assertEq(committee.owner(), address(this));
        vm.prank(NEWCOMER);
        committee.acceptOwnership();
        vm.prank(NEWCOMER);
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
    }

    function test_a_hundred_members_fit() public {
        grow(100);
        uint256 before = gasleft();
        committee.proposeEpoch(operators, PROFILE, 4, verifiers);
        vm.assertTrue(before - gasleft() < 2_000_000);
        before = gasleft();
        uint64 epoch = committee.startEpoch(operators, PROFILE, 4, verifiers);
        vm.assertTrue(before - gasleft() < 16_777_216); // EIP-7825's cap of a transaction
        vm.assertEq(committee.epochInfo(epoch).quorum, 67);
        vm.assertTrue(committee.epochVerifier(epoch, 1).code.length <= 24_576);
    }

    function grow(uint256 n) private {
        for (uint256 i = operators.length; i < n; ++i) {
            operators.push(address(uint160(0x1000 + i)));
            register(operators[i], signerKey(i), blsKey(i));
        }
    }

    function refuse(address[] memory members, bytes memory expected) private {
        vm.expectRevert(expected);
        committee.proposeEpoch(members, PROFILE, 4, verifiers);
    }
}
