using System.Security.Cryptography.X509Certificates;

namespace Amalgam.Pages;

/// <param name="Address">Where this very process listens, known once it does; asked at the first page.</param>
/// <param name="KeyFolder">Keys that sessions are sealed with; it is there, and readable by its owner only. Sessions survive a restart because it does.</param>
/// <param name="Certificate">The server's own, when it speaks TLS: the pages' calls to it accept this one and no other.</param>
public sealed record ConsoleOptions(Func<string> Address, string KeyFolder, string Version, X509Certificate2? Certificate = null);
