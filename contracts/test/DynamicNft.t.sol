// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {CalledByRouter} from "../src/CalledByRouter.sol";
import {DynamicNft} from "../src/consumers/DynamicNft.sol";
import {IDynamicNft, Match, Status} from "../src/consumers/IDynamicNft.sol";
import {Pushed} from "./support/Pushed.sol";

contract DynamicNftTest is Pushed {
    uint64 private constant MATCH = 77;
    uint64 private constant MILLISECONDS = uint64(NOW) * 1000;
    bytes32 private constant HOME = "Malm\xc3\xb6 FF";
    bytes32 private constant AWAY = "AIK";
    address private constant ALICE = address(0xa11ce);

    DynamicNft private nft;

    function setUp() public {
        vm.warp(NOW);
        nft = new DynamicNft(ROUTER, OWNER, BELIEVED, TRIGGER_OWNER, DELAY);
        mint(ALICE, MATCH);
    }

    function test_a_report_updates_the_match_and_tells_about_all_its_tokens() public {
        uint256 second = mint(ALICE, MATCH);
        vm.assertEq(second, uint256(MATCH) << 32 | 2);
        vm.expectEmit(address(nft));
        emit IERC4906.BatchMetadataUpdate(second - 1, second);
        vm.expectEmit(address(nft));
        emit IDynamicNft.MatchUpdated(MATCH, MILLISECONDS, Status.Live, 41, 2, 1);
        push(address(nft), update(MILLISECONDS, 1, 41, 2, 1));
        Match memory game = nft.matchInfo(MATCH);
        vm.assertEq(uint256(game.sequence), MILLISECONDS);
        vm.assertEq(uint256(game.status), uint256(Status.Live));
        vm.assertEq(uint256(game.minute), 41);
        vm.assertEq(uint256(game.homeScore), 2);
        vm.assertEq(uint256(game.awayScore), 1);
        vm.assertEq(game.home, HOME);
        vm.assertEq(game.away, AWAY);
        vm.assertEq(uint256(game.supply), 2);
    }

    function testFuzz_in_whatever_order_reports_come_the_newest_stays(uint256 seed) public {
        uint64 newest;
        for (uint256 i; i < 8; ++i) {
            uint64 sequence = MILLISECONDS - uint64(uint256(keccak256(abi.encode(seed, i))) % 5);
            if (sequence > newest) newest = sequence;
            push(address(nft), update(sequence, 1, uint16(sequence % 90), uint16(sequence % 7), 0));
            Match memory game = nft.matchInfo(MATCH);
            vm.assertEq(uint256(game.sequence), newest);
            vm.assertEq(uint256(game.minute), newest % 90);
            vm.assertEq(uint256(game.homeScore), newest % 7);
        }
    }

    function test_the_same_report_twice_changes_nothing() public {
        push(address(nft), update(MILLISECONDS, 1, 41, 2, 1));
        refuse(update(MILLISECONDS, 1, 41, 2, 1), MATCH, IDynamicNft.Refusal.Outdated);
        refuse(update(MILLISECONDS - 1, 3, 90, 9, 9), MATCH, IDynamicNft.Refusal.Outdated);
    }

    function test_a_sequence_far_ahead_cannot_block_later_reports() public {
        uint64 limit = MILLISECONDS + uint64(nft.MAX_AHEAD()) * 1000;
        refuse(update(limit + 1, 1, 1, 0, 0), MATCH, IDynamicNft.Refusal.FromTheFuture);
        refuse(update(type(uint64).max, 1, 1, 0, 0), MATCH, IDynamicNft.Refusal.FromTheFuture);
        push(address(nft), update(limit, 1, 1, 0, 0));
        vm.assertEq(uint256(nft.matchInfo(MATCH).sequence), limit);
    }

    function test_a_match_without_tokens_is_not_kept() public {
        bytes memory output = abi.encode(MATCH + 1, MILLISECONDS, 1, 41, 2, 1, HOME, AWAY);
        refuse(output, MATCH + 1, IDynamicNft.Refusal.UnknownMatch);
        vm.assertEq(uint256(nft.matchInfo(MATCH + 1).sequence), 0);
    }

    function test_output_of_another_form_is_recorded_and_does_not_revert() public {
        refuse("", 0, IDynamicNft.Refusal.Malformed);
        refuse(new bytes(255), 0, IDynamicNft.Refusal.Malformed);
        refuse(new bytes(257), 0, IDynamicNft.Refusal.Malformed);
        uint256 wide = 1 << 64;
        refuse(abi.encode(wide, 1, 1, 1, 1, 1, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
        refuse(abi.encode(MATCH, wide, 1, 1, 1, 1, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
        refuse(abi.encode(MATCH, 1, 5, 1, 1, 1, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
        refuse(abi.encode(MATCH, 1, 1, 65_536, 1, 1, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
        refuse(abi.encode(MATCH, 1, 1, 1, 65_536, 1, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
        refuse(abi.encode(MATCH, 1, 1, 1, 1, 65_536, HOME, AWAY), 0, IDynamicNft.Refusal.Malformed);
    }

    function testFuzz_no_output_makes_the_callback_revert(bytes calldata output) public {
        push(address(nft), output);
        bytes memory cut = abi.encodePacked(output, new bytes(256));
        assembly ("memory-safe") {
            mstore(cut, 256)
        }
        push(address(nft), cut);
        vm.assertTrue(bytes(nft.tokenURI(uint256(MATCH) << 32 | 1)).length > 0);
    }

    function test_only_the_router_may_report() public {
        bytes memory data = metadata(BELIEVED, TRIGGER_OWNER);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(CalledByRouter.OnlyRouter.selector, OWNER));
        nft.onReport(data, update(MILLISECONDS, 1, 41, 2, 1));
    }

    function test_only_the_owner_mints() public {
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(this)));
        nft.mint(ALICE, MATCH);
    }

    function test_nobody_refreshes_a_match_that_no_token_shows() public {
        vm.expectRevert(abi.encodeWithSelector(IDynamicNft.UnknownMatch.selector, MATCH + 1));
        nft.refresh(MATCH + 1);
    }

    function test_a_match_that_is_over_is_refreshed_for_a_day_longer() public {
        push(address(nft), update(MILLISECONDS, 3, 90, 2, 1));
        vm.warp(NOW + 1 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IDynamicNft.MatchOver.selector, MATCH));
        nft.refresh(MATCH);
    }

    function test_it_names_the_interfaces_it_has() public view {
        bytes4[5] memory ids = [bytes4(0x01ffc9a7), 0x80ac58cd, 0x5b5e139f, 0x49064906, 0x805f2132];
        for (uint256 i; i < ids.length; ++i) {
            vm.assertTrue(nft.supportsInterface(ids[i]));
        }
        vm.assertTrue(!nft.supportsInterface(0xffffffff));
    }

    function test_the_dearest_callback_leaves_a_third_of_its_gas() public {
        uint256 used = gasOf(address(nft), update(MILLISECONDS, 1, 41, 2, 1)); // every word is new
        vm.assertTrue(used < nft.CALLBACK_GAS() * 2 / 3, "callback gas");
    }

    function mint(address to, uint64 matchId) private returns (uint256) {
        vm.prank(OWNER);
        return nft.mint(to, matchId);
    }

    function update(uint64 sequence, uint8 status, uint16 minute, uint16 home, uint16 away)
        private
        pure
        returns (bytes memory)
    {
        return abi.encode(MATCH, sequence, status, minute, home, away, HOME, AWAY);
    }

    function refuse(bytes memory output, uint64 matchId, IDynamicNft.Refusal refusal) private {
        bytes32 before = keccak256(abi.encode(nft.matchInfo(MATCH)));
        vm.expectEmit(address(nft));
        emit IDynamicNft.UpdateRefused(0, matchId, refusal);
        push(address(nft), output);
        vm.assertEq(keccak256(abi.encode(nft.matchInfo(MATCH))), before);
    }
}
