using System.Security.Cryptography;

namespace Amalgam.Hosting;

/// <summary>
/// Where a cloud keeps everything: `journal.db`, `members/`, `logs/`, `models/`, `secret` (from which replica keys are derived) and `admin.key`.
/// Only its owner can read it. One process at a time holds it, or several that share one PostgreSQL: then `store` says where the journal is.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held, byte[] secret) => (Path, _lock, Secret) = (path, held, secret);

    public string Path { get; }

    /// <summary>32 random bytes, made at the first start.</summary>
    public byte[] Secret { get; }

    public string Journal => In("journal.db");

    /// <summary>The address of the store that this folder belongs to; absent where the journal is its own file.</summary>
    public string StoreFile => In("store");

    public string AdminKey => In("admin.key");

    public string Models => In("models");

    public string Catalogue => In("catalogue");

    /// <summary>Makes the folder if needed and takes hold of it; shared = with others that also share it. Throws <see cref="CommandException"/> in one line.</summary>
    public static DataDirectory Open(string path, bool shared = false)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            }

            var held = Hold(path, shared);
            try
            {
                Directory.CreateDirectory(System.IO.Path.Combine(path, "models"), OwnerOnly | UnixFileMode.UserExecute);
                return new DataDirectory(path, held, ReadSecret(System.IO.Path.Combine(path, "secret")));
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the data directory {path} cannot be used: {fault.Message} Choose another with --data DIR, or free space and check its owner");
        }
    }

    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Written whole or not at all, readable by its owner only.</summary>
    public static void WritePrivate(string path, string text)
    {
        var temporary = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        File.Delete(temporary);
        using (var file = new FileStream(temporary, options))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose() => _lock.Dispose();

    private static FileStream Hold(string path, bool shared)
    {
        var file = System.IO.Path.Combine(path, "lock");
        try
        {
            if (shared && File.Exists(file))
            {
                return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            }

            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly };
            var held = new FileStream(file, options);
            if (shared)
            {
                held.Dispose();
                return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            }

            held.SetLength(0);
            held.Write(System.Text.Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
            held.Flush();
            return held;
        }
        catch (IOException) when (File.Exists(file) && Directory.Exists(path) && IsHeld(file))
        {
            throw new CommandException($"another Amalgam runs on {path}: use that one, stop it, or choose another --data directory");
        }
    }

    /// <summary>A sharing violation, as opposed to a full or broken disk.</summary>
    private static bool IsHeld(string file)
    {
        try
        {
            using var probe = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static byte[] ReadSecret(string path)
    {
        if (!File.Exists(path))
        {
            WritePrivate(path, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        }

        var text = File.ReadAllText(path).Trim();
        return text.Length == 64 && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : throw new IOException($"{path} is damaged: 64 hexadecimal digits were expected.");
    }
}

/// <summary>One line on standard error, exit code 1 (or 2 for wrong usage).</summary>
internal sealed class CommandException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
