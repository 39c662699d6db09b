// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A kind of box, fixed for good.
struct Box {
    address owner; // is paid when openings are claimed
    uint96 price; // of one, in wei
    uint32 delay; // seconds from opening to the round that decides
    uint256 weights; // of all items together
}

/// @notice Boxes that were paid for and whose items nobody knows yet.
struct Opening {
    address player;
    uint64 seedTime; // from when the seed may be known
    uint32 count;
    uint256 boxId;
}

/// @notice Loot boxes: each holds one item of its kind's, with a chance of its weight over all weights.
/// @dev The i-th box of an opening holds the first item whose cumulative weight is above `below(weights)`, drawn from one
/// stream in order. Players cannot decline what they drew, nor owners change the weights.
interface ILootBoxes {
    /// @notice A kind of box is sold; items are numbered from 0 and have these weights.
    event BoxCreated(uint256 indexed boxId, address indexed owner, uint96 price, uint32 delay, uint32[] weights);
    /// @notice A player paid for boxes; the opening is named by the commitment to its seed.
    event BoxesOpened(bytes32 indexed opening, uint256 indexed boxId, address indexed player, uint32 count);
    /// @notice The items are known and the player's.
    event BoxesClaimed(bytes32 indexed opening, address indexed player, bytes32 seed, uint256[] items);
    /// @notice Nobody claimed in time; the player gets back what was paid.
    event OpeningAbandoned(bytes32 indexed opening, address indexed player, uint256 amount);

    /// @notice There is no such kind of box.
    error UnknownBox(uint256 boxId);
    /// @notice A kind has 1 to `MAX_ITEMS` items, not all of weight zero.
    error BadWeights();
    /// @notice 1 to `MAX_BOXES` boxes are opened at a time.
    error BadCount(uint256 count);
    /// @notice There is no such opening, or it was claimed or abandoned.
    error UnknownOpening(bytes32 opening);

    /// @notice Offers a kind of box. Anyone may.
    function createBox(uint96 price, uint32 delay, uint32[] calldata weights) external returns (uint256 boxId);

    /// @notice Buys and opens boxes: pays exactly their price and fixes the seed that decides.
    function open(uint256 boxId, uint32 count) external payable returns (bytes32 opening);

    /// @notice Opens the seed, gives the player the items and pays the box's owner. Anyone may.
    /// @param proof what the seeds' source asks for; for drand the round's signature, 128 bytes.
    function claim(bytes32 opening, bytes calldata proof) external returns (uint256[] memory items);

    /// @notice Pays an opening back that nobody claimed for `PATIENCE` seconds. Anyone may.
    function abandonOpening(bytes32 opening) external;

    /// @notice The kind of box; reverts if there is none.
    function box(uint256 boxId) external view returns (Box memory);

    /// @notice An opening that waits to be claimed; reverts if there is none.
    function openingOf(bytes32 opening) external view returns (Opening memory);

    /// @notice How many of an item a player has.
    function itemsOf(uint256 boxId, address player, uint256 item) external view returns (uint256);
}
