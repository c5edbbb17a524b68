namespace Amalgam.Runtime.Tokenizing;

/// <summary>What a vocabulary entry is, numbered as in <c>tokenizer.ggml.token_type</c>.</summary>
public enum TokenKind : byte
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,

    /// <summary>Steers the model (turn markers and the like); never matched in plain text, never shown.</summary>
    Control = 3,

    /// <summary>Added later by the model's makers: matched as a whole in any text, shown as it is.</summary>
    UserDefined = 4,
    Unused = 5,

    /// <summary>One raw byte, written <c>&lt;0xAB&gt;</c>.</summary>
    Byte = 6,
}
