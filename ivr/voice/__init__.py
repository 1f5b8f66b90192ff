"""The bot's voice: Chinese text in, 16 kHz mono s16le sound of telephone quality out.

``service.VoiceService`` is what calls use; ``synthesis.Synthesiser`` renders in this process for
the command line and the set-up; ``fake.FakeVoice`` stands in for the service in tests of others.
"""
